# SPDX-License-Identifier: Apache-2.0
"""Multipath TCP

family: connect
effect: listener
refusal: PermissionError
event: kernel syscall socket
"""
import errno
import socket

import kit
import target


def act():
    try:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
    except OSError as error:
        if error.errno in (errno.EPROTONOSUPPORT, errno.ENOPROTOOPT):
            raise kit.Skip("this kernel has no MPTCP") from None
        raise
    kit.call("connect", sock.fileno(), kit.address4(target.TCP), 16)


kit.attempt(act)
