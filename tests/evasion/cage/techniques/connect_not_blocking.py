# SPDX-License-Identifier: Apache-2.0
"""connect on a socket that does not block

family: connect
effect: listener
refusal: PermissionError|done 13|done 1
event: hook connect
"""
import socket

import kit
import target

sock = socket.socket()
sock.setblocking(False)
kit.attempt(lambda: sock.connect_ex(("127.0.0.1", target.TCP)))  # act
