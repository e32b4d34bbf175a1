# SPDX-License-Identifier: Apache-2.0
"""connect in a forked child of a forked child

family: connect
effect: listener
refusal: PermissionError
event: kernel connect
"""
import socket

import kit
import target

kit.in_child(kit.in_child, lambda: kit.call("connect", socket.socket().detach(), kit.address4(target.TCP), 16))
