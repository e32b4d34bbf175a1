# SPDX-License-Identifier: Apache-2.0
"""A vsock, to the host of a virtual machine

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
        socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    except OSError as error:
        if error.errno == errno.EAFNOSUPPORT:
            raise kit.Skip("this kernel has no vsock") from None
        raise
    kit.mark()


kit.attempt(act)
