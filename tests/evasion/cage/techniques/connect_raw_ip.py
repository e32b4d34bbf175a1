# SPDX-License-Identifier: Apache-2.0
"""A raw IP socket sends an echo request

family: connect
effect: mark
refusal: PermissionError
event: kernel syscall socket
"""
import os
import socket

import kit

if os.geteuid():
    raise kit.Skip("needs root")


def act():
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    sock.settimeout(5)
    sock.sendto(bytes.fromhex("0800f7fd00010001"), ("127.0.0.1", 0))
    if sock.recv(100):
        kit.mark()


kit.attempt(act)
