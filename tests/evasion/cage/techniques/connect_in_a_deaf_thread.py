# SPDX-License-Identifier: Apache-2.0
"""connect by machine code in a thread that was there before the import with every signal blocked

family: connect
effect: listener
refusal: PermissionError
event: kernel connect
before: blocked thread
"""
import socket

import early
import kit
import target

kit.attempt(early.ask, lambda: kit.bare_call("connect", socket.socket().detach(), kit.address4(target.TCP), 16))
