# SPDX-License-Identifier: Apache-2.0
"""vfork and execve by machine code

family: exec
effect: mark
refusal: status 9
event: kernel exec
"""
import ctypes
import os
import struct

import kit

arguments, environment, path = kit.strings("sh", "-c", kit.shell()), kit.strings(), ctypes.create_string_buffer(b"/bin/sh")
# mov eax,58 (vfork); syscall; test eax,eax; jnz out; mov rdi,..; mov rsi,..; mov rdx,..; mov eax,59; syscall;
# mov edi,9; mov eax,60; syscall; out: ret
code = (
    bytes.fromhex("b83a0000000f0585c0")
    + b"\x75" + bytes([10 * 3 + 7 + 12])
    + b"\x48\xbf" + struct.pack("<Q", ctypes.addressof(path))
    + b"\x48\xbe" + struct.pack("<Q", ctypes.addressof(arguments))
    + b"\x48\xba" + struct.pack("<Q", ctypes.addressof(environment))
    + bytes.fromhex("b83b0000000f05")
    + bytes.fromhex("bf09000000b83c0000000f05")
    + b"\xc3"
)
# The child runs on the parent's stack and returns from nothing before it is gone: so the address to return to is kept in a register.
code = b"\x41\x58" + code[:-1] + b"\x41\xff\xe0"  # pop r8; ...; jmp r8
pid = kit.machine_code(code, ctypes.c_int)()
kit.got(f"status {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}")
