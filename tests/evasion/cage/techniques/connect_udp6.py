# SPDX-License-Identifier: Apache-2.0
"""A UDP packet over IPv6

family: connect
effect: listener
refusal: PermissionError
event: kernel syscall socket
"""
import socket

import kit
import target

if not target.UDP6:
    raise kit.Skip("no IPv6")
kit.attempt(lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b"struck", ("::1", target.UDP6)))
