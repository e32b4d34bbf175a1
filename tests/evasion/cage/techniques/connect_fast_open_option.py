# SPDX-License-Identifier: Apache-2.0
"""TCP_FASTOPEN_CONNECT: connect does nothing, the first write connects

family: connect
effect: listener
refusal: PermissionError
event: any connect
"""
import socket

import kit
import target

sock = socket.socket()
sock.setsockopt(socket.IPPROTO_TCP, 30, 1)
kit.attempt(lambda: (sock.connect(("127.0.0.1", target.TCP)), kit.knock(sock)))
