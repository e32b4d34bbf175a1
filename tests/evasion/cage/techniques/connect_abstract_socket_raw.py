# SPDX-License-Identifier: Apache-2.0
"""An abstract Unix socket by syscall(2)

family: connect
effect: listener
refusal: PermissionError
event: kernel connect
"""
import socket
import struct

import kit
import target

address = struct.pack("<H", 1) + target.ABSTRACT.encode()
kit.attempt(kit.call, "connect", socket.socket(socket.AF_UNIX).detach(), address, len(address))
