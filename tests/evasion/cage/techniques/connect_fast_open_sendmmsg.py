# SPDX-License-Identifier: Apache-2.0
"""TCP fast open: sendmmsg connects

family: connect
effect: listener
refusal: PermissionError
event: kernel syscall sendmmsg
"""
import ctypes
import socket
import struct

import kit
import target

name = ctypes.create_string_buffer(kit.address4(target.TCP), 16)
data = ctypes.create_string_buffer(b"struck")
vector = ctypes.create_string_buffer(struct.pack("<QQ", ctypes.addressof(data), 6))
message = struct.pack("<QI4xQQQQi4xI4x", ctypes.addressof(name), 16, ctypes.addressof(vector), 1, 0, 0, 0, 0)
kit.attempt(kit.call, "sendmmsg", socket.socket().detach(), message, 1, 0x20000000)
