# SPDX-License-Identifier: Apache-2.0
"""A connection to the endpoint that is allowed is dissolved (AF_UNSPEC), and the socket connected elsewhere

family: connect
effect: listener
refusal: PermissionError
event: any connect
"""
import socket

import kit
import target

sock = socket.create_connection(("127.0.0.1", target.HUB))
kit.attempt(lambda: kit.libc.connect(sock.fileno(), bytes(16), 16))
kit.attempt(sock.connect, ("127.0.0.1", target.TCP))
kit.attempt(kit.call, "connect", sock.fileno(), kit.address4(target.TCP), 16)
