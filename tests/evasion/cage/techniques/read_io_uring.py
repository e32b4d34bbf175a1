# SPDX-License-Identifier: Apache-2.0
"""openat through io_uring

family: read
effect: key
refusal: PermissionError|OSError ENOSYS
event: kernel syscall io_uring_setup
"""
import ctypes
import os

import kit
import target


def act():
    path = ctypes.create_string_buffer(target.KEY.encode())
    kit.loot(os.read(kit.Ring().submit(18, -100, ctypes.addressof(path)), 4096))


kit.attempt(act)
