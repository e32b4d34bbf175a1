# SPDX-License-Identifier: Apache-2.0
"""A dynamic program in a memfd, by fexecve(3)

family: exec
effect: mark
refusal: PermissionError
event: kernel syscall memfd_create
"""
import os

import kit
import target

fd = os.memfd_create("x", 0)
with open(target.STRIKE, "rb") as f:
    os.write(fd, f.read())
kit.in_child(os.execve, fd, ["x", target.MARK], {})
