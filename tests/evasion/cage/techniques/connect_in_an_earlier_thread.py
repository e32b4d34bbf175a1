# SPDX-License-Identifier: Apache-2.0
"""connect by syscall(2) in a thread that was there before the import

family: connect
effect: listener
refusal: PermissionError
event: kernel connect
before: thread
"""
import socket

import early
import kit
import target

kit.attempt(early.ask, lambda: kit.call("connect", socket.socket().detach(), kit.address4(target.TCP), 16))
