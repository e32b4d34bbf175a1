# SPDX-License-Identifier: Apache-2.0
"""SCTP

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
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)
    except OSError as error:
        if error.errno in (errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT):
            raise kit.Skip("this kernel has no SCTP") from None
        raise
    kit.mark()


kit.attempt(act)
