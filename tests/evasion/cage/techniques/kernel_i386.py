# SPDX-License-Identifier: Apache-2.0
"""The system call of 32-bit programs, int 0x80

family: kernel
effect: outside
refusal: SIGSYS
"""
import ctypes
import os
import platform

import kit
import target

if platform.machine() != "x86_64":
    raise kit.Skip("not this processor")
path = kit.memory(low=True)
# push rbx; mov eax,edi; mov ebx,esi; xchg ecx,edx; int 0x80; pop rbx; ret
call = kit.machine_code(bytes.fromhex("5389f889f387d1cd805bc3"), ctypes.c_int, *[ctypes.c_int] * 4)
ctypes.memmove(path, (target.OUTSIDE + "/new").encode() + b"\0", len(target.OUTSIDE) + 5)


def act():
    result = call(5, path, os.O_CREAT | os.O_WRONLY, 0o600)
    if result < 0:
        raise OSError(-result, "int 0x80")


status = kit.in_child(act)
if kit.free() and status and os.WIFSIGNALED(status):
    raise kit.Skip("this kernel runs no 32-bit programs")
