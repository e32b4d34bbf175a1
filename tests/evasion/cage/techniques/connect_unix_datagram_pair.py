# SPDX-License-Identifier: Apache-2.0
"""A pair of datagram sockets, one of which sends to another address

family: connect
effect: listener
refusal: PermissionError
event: kernel syscall socketpair
"""
import socket

import kit
import target


def act():
    one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.sendto(b"struck", target.DATAGRAM_TMP)


kit.attempt(act)
