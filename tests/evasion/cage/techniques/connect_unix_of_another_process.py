# SPDX-License-Identifier: Apache-2.0
"""A Unix socket in the temporary directory that a process outside of the tree listens on

family: connect
effect: listener
refusal: PermissionError
event: any connect
"""
import socket

import kit
import target

kit.attempt(socket.socket(socket.AF_UNIX).connect, target.STREAM_TMP)
