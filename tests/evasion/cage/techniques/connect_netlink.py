# SPDX-License-Identifier: Apache-2.0
"""Netlink: what interfaces there are

family: connect
effect: mark
refusal: PermissionError
event: kernel syscall socket
"""
import socket
import struct

import kit


def act():
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    sock.bind((0, 0))
    sock.send(struct.pack("<IHHIIBxxxiII", 32, 18, 0x301, 1, 0, 0, 0, 0, 0))
    if sock.recv(4096):
        kit.mark()


kit.attempt(act)
