# SPDX-License-Identifier: Apache-2.0
"""A ping socket (datagram ICMP)

family: connect
effect: mark
refusal: PermissionError
event: kernel syscall socket
"""
import errno
import socket

import kit


def act():
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
    except PermissionError as error:
        if error.errno == errno.EACCES:
            raise kit.Skip("ping_group_range does not let this user") from None
        raise
    kit.mark()


kit.attempt(act)
