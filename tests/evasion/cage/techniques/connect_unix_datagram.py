# SPDX-License-Identifier: Apache-2.0
"""A Unix datagram socket

family: connect
effect: listener
refusal: PermissionError
event: kernel syscall socket
"""
import socket

import kit
import target

kit.attempt(lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"struck", target.DATAGRAM))
