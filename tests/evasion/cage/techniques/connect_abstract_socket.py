# SPDX-License-Identifier: Apache-2.0
"""An abstract Unix socket

family: connect
effect: listener
refusal: PermissionError
event: any connect
"""
import socket

import kit
import target

kit.attempt(socket.socket(socket.AF_UNIX).connect, target.ABSTRACT)
