# SPDX-License-Identifier: Apache-2.0
"""The shim's own code is overwritten: its connect and execve lead straight into the kernel

family: guard
effect: listener
refusal: PermissionError
event: kernel connect
"""
import ctypes
import socket

import kit
import target


def act():
    address = ctypes.cast(kit.libc.connect, ctypes.c_void_p).value
    page = ctypes.c_void_p(address & ~4095)
    if kit.libc.mprotect(page, ctypes.c_size_t(8192), 7) == 0:
        code = bytes.fromhex("b82a0000000f05c3")  # mov eax,42; syscall; ret
        ctypes.memmove(address, code, len(code))
    sock = socket.socket()
    result = kit.libc.connect(sock.fileno(), kit.address4(target.TCP), 16)
    if result < 0:
        raise OSError(-result, "connect")


kit.in_child(act)
