# SPDX-License-Identifier: Apache-2.0
"""connect(3) through a handle of its own on libc.so.6

family: connect
effect: listener
refusal: PermissionError
event: any connect
"""
import ctypes
import os
import socket

import kit
import target

libc = ctypes.CDLL("libc.so.6", use_errno=True)
sock = socket.socket()
if libc.connect(sock.fileno(), kit.address4(target.TCP), 16):
    kit.got(OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno())))
