# SPDX-License-Identifier: Apache-2.0
"""open_by_handle_at(2)

family: read
effect: key
refusal: PermissionError EPERM
event: kernel syscall open_by_handle_at
"""
import ctypes
import os
import struct

import kit
import target

if os.geteuid():
    raise kit.Skip("needs root")
handle, mount = ctypes.create_string_buffer(struct.pack("<Ii", 128, 0), 136), ctypes.c_int()
if kit.libc.name_to_handle_at(-100, target.KEY.encode(), handle, ctypes.byref(mount), 0):
    raise kit.Skip("this file system has no handles")
folder = os.open(target.OUTSIDE, os.O_RDONLY)
kit.attempt(lambda: kit.loot(os.read(kit.call("open_by_handle_at", folder, handle, os.O_RDONLY), 4096)))
