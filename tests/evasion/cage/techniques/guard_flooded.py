# SPDX-License-Identifier: Apache-2.0
"""The guard is kept busy by hundreds of questions while the act is tried

family: guard
effect: listener
refusal: PermissionError
event: any connect
"""
import socket
import threading
import time

import kit
import target

until = time.monotonic() + 1
last = "reached"


def ask():
    while time.monotonic() < until:
        with socket.socket() as sock:
            kit.libc.connect(sock.fileno(), kit.address4(target.TCP), 16)


for _ in range(16):
    threading.Thread(target=ask).start()
while time.monotonic() < until:
    try:
        socket.create_connection(("127.0.0.1", target.TCP))
    except OSError as error:
        last = error
kit.got(last)
