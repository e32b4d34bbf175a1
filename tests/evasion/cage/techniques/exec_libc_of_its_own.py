# SPDX-License-Identifier: Apache-2.0
"""posix_spawn(3) through a handle of its own on libc.so.6

family: exec
effect: mark
refusal: PermissionError EACCES|PermissionError EPERM
event: any exec
"""
import ctypes
import os

import kit

libc = ctypes.CDLL("libc.so.6")


def spawn():
    pid = ctypes.c_int()
    result = libc.posix_spawn(ctypes.byref(pid), b"/bin/sh", None, None, kit.strings("sh", "-c", kit.shell()), kit.strings())
    if result:
        raise OSError(result, os.strerror(result))
    os.waitpid(pid.value, 0)


kit.attempt(spawn)
