# SPDX-License-Identifier: Apache-2.0
"""connect through io_uring

family: connect
effect: listener
refusal: PermissionError|OSError ENOSYS
event: kernel syscall io_uring_setup
"""
import ctypes
import socket

import kit
import target


def act():
    address = ctypes.create_string_buffer(kit.address4(target.TCP), 16)
    sock = socket.socket()
    kit.Ring().submit(16, sock.fileno(), ctypes.addressof(address), offset=16)


kit.attempt(act)
