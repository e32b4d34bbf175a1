# SPDX-License-Identifier: Apache-2.0
"""fopen(3) through a handle of its own on libc.so.6

family: write
effect: outside
refusal: PermissionError EACCES
"""
import ctypes
import os

import kit
import target

libc = ctypes.CDLL("libc.so.6", use_errno=True)
libc.fopen.restype = ctypes.c_void_p
if not libc.fopen(target.VICTIM_FILE.encode(), b"w"):
    kit.got(OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno())))
