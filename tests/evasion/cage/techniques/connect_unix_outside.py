# SPDX-License-Identifier: Apache-2.0
"""A Unix socket outside the places that may be written (a service of the machine)

family: connect
effect: listener
refusal: PermissionError
event: any connect
"""
import socket

import kit
import target

kit.attempt(socket.socket(socket.AF_UNIX).connect, target.STREAM)
