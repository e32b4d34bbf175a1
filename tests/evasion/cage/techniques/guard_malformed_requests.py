# SPDX-License-Identifier: Apache-2.0
"""Requests without sense over the shim's channel, and then connect

family: guard
effect: listener
refusal: PermissionError
event: hook connect
"""
import os
import random
import socket

import kit
import target

numbers = random.Random(1)
for size in (0, 1, 55, 56, 57, 4096, 32768):
    try:
        with kit.channel() as connection:
            connection.send(numbers.randbytes(size))
            connection.recv(65536)
    except OSError:
        pass
for kind in target.KINDS:
    for fd in (None, os.open("/dev/zero", os.O_RDONLY)):
        try:
            kit.ask(kind, "/" * 4000, "chmod 99999999999999999999", fd)
        except (OSError, IndexError):
            pass
kit.attempt(lambda: socket.create_connection(("127.0.0.1", target.TCP)))  # act
