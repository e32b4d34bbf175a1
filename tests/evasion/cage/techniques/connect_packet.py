# SPDX-License-Identifier: Apache-2.0
"""A packet socket, below IP

family: connect
effect: mark
refusal: PermissionError
event: kernel syscall socket
"""
import os
import socket

import kit

if os.geteuid():
    raise kit.Skip("needs root")
kit.attempt(lambda: (socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0), kit.mark()))
