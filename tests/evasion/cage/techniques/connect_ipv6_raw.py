# SPDX-License-Identifier: Apache-2.0
"""IPv6 by syscall(2)

family: connect
effect: listener
refusal: PermissionError
event: kernel connect
"""
import socket
import struct

import kit
import target

if not target.TCP6:
    raise kit.Skip("no IPv6")
address = struct.pack("<H", 10) + struct.pack(">HI", target.TCP6, 0) + bytes(15) + b"\1" + bytes(4)
kit.attempt(kit.call, "connect", socket.socket(socket.AF_INET6).detach(), address, len(address))
