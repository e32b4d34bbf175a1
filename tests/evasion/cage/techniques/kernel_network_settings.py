# SPDX-License-Identifier: Apache-2.0
"""The machine's network settings, by ioctl on a TCP socket

family: kernel
effect: mark
refusal: PermissionError EPERM
"""
import fcntl
import os
import socket
import struct

import kit

if os.geteuid():
    raise kit.Skip("needs root")
SIOCGIFMTU, SIOCSIFMTU = 0x8921, 0x8922


def act():
    """The same value again: only that it is taken counts."""
    sock = socket.socket()
    now = fcntl.ioctl(sock, SIOCGIFMTU, struct.pack("16si16x", b"lo", 0))
    fcntl.ioctl(sock, SIOCSIFMTU, now)
    kit.mark()


try:
    act()
except OSError as error:
    if kit.free():
        raise kit.Skip("this root may not change network settings") from None
    kit.got(error)
