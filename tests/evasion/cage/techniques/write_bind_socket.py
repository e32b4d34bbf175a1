# SPDX-License-Identifier: Apache-2.0
"""A Unix socket bound outside, where another program would look for a service

family: write
effect: outside
refusal: PermissionError
"""
import socket

import kit
import target

kit.attempt(socket.socket(socket.AF_UNIX).bind, target.OUTSIDE + "/new.sock")
