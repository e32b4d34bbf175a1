# SPDX-License-Identifier: Apache-2.0
"""A program in a file without a name (O_TMPFILE), through /proc/self/fd

family: exec
effect: mark
refusal: PermissionError EACCES|PermissionError EPERM
"""
import os

import kit
import target

fd = os.open(target.WORK, os.O_TMPFILE | os.O_RDWR, 0o700)
with open(target.STATIC, "rb") as f:
    os.write(fd, f.read())
readable = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY)
os.close(fd)
kit.in_child(kit.call, "execve", f"/proc/self/fd/{readable}".encode(), kit.strings("x", target.MARK), kit.strings())
