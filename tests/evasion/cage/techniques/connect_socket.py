# SPDX-License-Identifier: Apache-2.0
"""socket.create_connection

family: connect
effect: listener
refusal: PermissionError
event: hook connect
"""
import socket

import kit
import target

kit.attempt(lambda: kit.knock(socket.create_connection(("127.0.0.1", target.TCP))))  # act
