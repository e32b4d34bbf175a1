# SPDX-License-Identifier: Apache-2.0
"""connect by syscall(2) to the endpoint that is allowed, and then to another

family: connect
effect: listener
refusal: PermissionError
event: kernel connect
"""
import socket

import kit
import target

first, second = socket.socket(), socket.socket()
kit.attempt(kit.call, "connect", first.fileno(), kit.address4(target.HUB), 16)
kit.attempt(kit.call, "connect", second.fileno(), kit.address4(target.TCP), 16)
