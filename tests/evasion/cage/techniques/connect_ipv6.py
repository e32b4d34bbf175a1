# SPDX-License-Identifier: Apache-2.0
"""IPv6

family: connect
effect: listener
refusal: PermissionError
event: any connect
"""
import socket

import kit
import target

if not target.TCP6:
    raise kit.Skip("no IPv6")
sock = socket.socket(socket.AF_INET6)
kit.attempt(lambda: (sock.connect(("::1", target.TCP6)), kit.knock(sock)))
