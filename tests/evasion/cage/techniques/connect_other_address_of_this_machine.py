# SPDX-License-Identifier: Apache-2.0
"""0.0.0.0, which is this machine

family: connect
effect: listener
refusal: PermissionError
event: any connect
"""
import socket

import kit
import target

kit.attempt(lambda: kit.knock(socket.create_connection(("0.0.0.0", target.TCP))))
