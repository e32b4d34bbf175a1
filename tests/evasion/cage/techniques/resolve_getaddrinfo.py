# SPDX-License-Identifier: Apache-2.0
"""socket.getaddrinfo of a name that no rule allows

family: connect
effect: mark
refusal: PermissionError|gaierror
event: any resolve
"""
import socket

import kit

kit.attempt(lambda: socket.getaddrinfo("localhost", 80) and kit.mark())
