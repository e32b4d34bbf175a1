# SPDX-License-Identifier: Apache-2.0
"""An AF_ALG socket, the kernel's cipher interface

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
        socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)
    except OSError as error:
        if error.errno == errno.EAFNOSUPPORT:
            raise kit.Skip("this kernel has no AF_ALG") from None
        raise
    kit.mark()


kit.attempt(act)
