# SPDX-License-Identifier: Apache-2.0
"""connect(3) by ctypes

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

sock = socket.socket()
if kit.libc.connect(sock.fileno(), kit.address4(target.TCP), 16):
    kit.got(OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno())))
