# SPDX-License-Identifier: Apache-2.0
"""execve of 32-bit programs, int 0x80

family: kernel
effect: mark
refusal: SIGSYS
"""
import ctypes
import os
import platform
import struct

import kit

if platform.machine() != "x86_64":
    raise kit.Skip("not this processor")
memory = kit.memory(low=True)
texts = (b"/bin/sh", b"sh", b"-c", kit.shell().encode())
places = []
at = memory + 64
for text in texts:
    ctypes.memmove(at, text + b"\0", len(text) + 1)
    places.append(at)
    at += len(text) + 1
ctypes.memmove(memory, struct.pack("<4I", *places[1:], 0), 16)
call = kit.machine_code(bytes.fromhex("5389f889f387d1cd805bc3"), ctypes.c_int, *[ctypes.c_int] * 4)
status = kit.in_child(lambda: kit.got(f"result {call(11, places[0], memory, 0)}"))
if kit.free() and status and os.WIFSIGNALED(status):
    raise kit.Skip("this kernel runs no 32-bit programs")
