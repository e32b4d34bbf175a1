# SPDX-License-Identifier: Apache-2.0
"""A name server of its own: a DNS question over UDP by the resolver of libc

family: connect
effect: listener
refusal: done -1
event: kernel syscall socket
"""
import ctypes
import struct

import kit
import target

kit.libc.__res_state.restype = ctypes.c_void_p
settings = kit.libc.__res_state()
kit.libc.__res_init()
ctypes.memmove(settings, struct.pack("<ii", 1, 1), 8)  # wait one second, try once
ctypes.memmove(settings + 16, struct.pack("<i", 1) + kit.address4(target.UDP), 20)
kit.attempt(kit.libc.res_query, b"key.struck.example", 1, 1, ctypes.create_string_buffer(512), 512)
