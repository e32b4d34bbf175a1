# SPDX-License-Identifier: Apache-2.0
"""Every descriptor is another file before the act

family: guard
effect: listener
refusal: PermissionError
event: any connect
"""
import os
import socket

import kit
import target

null = os.open("/dev/null", os.O_RDWR)
for fd in range(3, 256):
    if fd != null:
        os.dup2(null, fd)
kit.attempt(lambda: socket.create_connection(("127.0.0.1", target.TCP)))
