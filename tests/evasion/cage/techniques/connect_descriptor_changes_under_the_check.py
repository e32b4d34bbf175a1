# SPDX-License-Identifier: Apache-2.0
"""The descriptor is another socket by the time that connect(3) is decided

family: connect
effect: listener
refusal: PermissionError
event: any connect
"""
import ctypes
import os
import socket
import threading
import time

import kit
import target

fixed = socket.socket().detach()
until = time.monotonic() + 1.5


def exchange():
    while time.monotonic() < until:
        sock = socket.socket()
        os.dup2(sock.fileno(), fixed)
        sock.close()


threading.Thread(target=exchange).start()
while time.monotonic() < until:
    kit.libc.connect(fixed, kit.address4(target.HUB), 16)
    kit.libc.connect(fixed, kit.address4(target.TCP), 16)
kit.got(OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno())))
