# SPDX-License-Identifier: Apache-2.0
"""connect by syscall(2)

family: connect
effect: listener
refusal: PermissionError
event: kernel connect
"""
import socket

import kit
import target

sock = socket.socket()
kit.attempt(kit.call, "connect", sock.fileno(), kit.address4(target.TCP), 16)
