# SPDX-License-Identifier: Apache-2.0
"""A UDP packet

family: connect
effect: listener
refusal: PermissionError
event: kernel syscall socket
"""
import socket

import kit
import target

kit.attempt(lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"struck", ("127.0.0.1", target.UDP)))
