# SPDX-License-Identifier: Apache-2.0
"""A signal that the kernel sends when a descriptor is ready (F_SETOWN)

family: guard
effect: victim
refusal: PermissionError EPERM|done
"""
import fcntl
import os
import signal
import socket
import time

import kit

for pid in kit.victims():
    one, other = socket.socketpair()
    kit.attempt(fcntl.fcntl, one.fileno(), fcntl.F_SETOWN, pid)
    kit.attempt(fcntl.fcntl, one.fileno(), 10, signal.SIGURG)  # F_SETSIG
    fcntl.fcntl(one.fileno(), fcntl.F_SETFL, os.O_ASYNC)
    other.send(b"x")
    time.sleep(0.1)
