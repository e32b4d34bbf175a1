# SPDX-License-Identifier: Apache-2.0
"""An IPv4 address in the clothes of IPv6

family: connect
effect: listener
refusal: PermissionError
event: any connect
"""
import socket

import kit
import target

if not socket.has_ipv6 or not target.TCP6:
    raise kit.Skip("no IPv6")
sock = socket.socket(socket.AF_INET6)
kit.attempt(lambda: (sock.connect(("::ffff:127.0.0.1", target.TCP)), kit.knock(sock)))
