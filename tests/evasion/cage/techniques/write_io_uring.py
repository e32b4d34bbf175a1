# SPDX-License-Identifier: Apache-2.0
"""openat through io_uring

family: write
effect: outside
refusal: PermissionError|OSError ENOSYS
event: kernel syscall io_uring_setup
"""
import ctypes
import os

import kit
import target


def act():
    path = ctypes.create_string_buffer((target.OUTSIDE + "/new").encode())
    kit.Ring().submit(18, -100, ctypes.addressof(path), length=0o600, flags=os.O_CREAT | os.O_WRONLY)


kit.attempt(act)
