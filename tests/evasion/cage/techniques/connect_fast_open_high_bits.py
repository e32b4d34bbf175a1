# SPDX-License-Identifier: Apache-2.0
"""TCP fast open with rubbish in the upper half of the register

family: connect
effect: listener
refusal: PermissionError
event: kernel syscall sendto
"""
import socket

import kit
import target

fd = socket.socket().detach()
kit.attempt(kit.bare_call, "sendto", fd, b"struck", 6, 0x20000000 | 0x1234 << 32, kit.address4(target.TCP), 16)
