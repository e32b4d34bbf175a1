# SPDX-License-Identifier: Apache-2.0
"""A second cage is asked for, with the shell as the running interpreter (forged request)

family: guard
effect: mark
refusal: PermissionError EACCES|PermissionError EPERM
event: kernel exec
"""
import os
import socket
import struct

import kit

try:
    channel = socket.socket(fileno=kit.call("connect", -1, 0, 0x48554247))
except OSError:
    pass
else:
    path = b"/bin/sh"
    head = struct.pack("<7Iii2Q4H", 0x47425548, 2, 8, 1, 0, 0, 1, os.getpid(), os.getpid(), 0, 0, len(path), 0, 0, 0)
    channel.send(head + path)
    channel.settimeout(5)
    kit.attempt(channel.recv, 8192)
kit.in_child(kit.call, "execve", b"/bin/sh", kit.strings("sh", "-c", kit.shell()), kit.strings())
