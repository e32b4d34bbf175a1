# SPDX-License-Identifier: Apache-2.0
"""socket.connect_ex

family: connect
effect: listener
refusal: PermissionError|done 13|done 1
event: hook connect
"""
import socket

import kit
import target

kit.attempt(lambda: socket.socket().connect_ex(("127.0.0.1", target.TCP)))  # act
