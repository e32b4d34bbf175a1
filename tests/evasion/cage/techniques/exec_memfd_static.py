# SPDX-License-Identifier: Apache-2.0
"""A static program in a memfd

family: exec
effect: mark
refusal: PermissionError
event: kernel syscall memfd_create
"""
import os

import kit
import target

fd = kit.call("memfd_create", b"x", 0)
with open(target.STATIC, "rb") as f:
    os.write(fd, f.read())
kit.in_child(kit.call, "execve", f"/proc/self/fd/{fd}".encode(), kit.strings("x", target.MARK), kit.strings())
