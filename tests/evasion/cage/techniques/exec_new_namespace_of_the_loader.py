# SPDX-License-Identifier: Apache-2.0
"""system(3) of a second libc, from dlmopen(3)

family: exec
effect: mark
refusal: done|PermissionError
event: any exec
"""
import ctypes

import kit

kit.libc.dlmopen.restype = kit.libc.dlsym.restype = ctypes.c_void_p
handle = kit.libc.dlmopen(ctypes.c_long(-1), b"libc.so.6", 2)
if not handle:
    raise kit.Skip("dlmopen finds no second libc")
address = kit.libc.dlsym(ctypes.c_void_p(handle), b"system")
kit.attempt(ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p)(address), kit.shell().encode())
