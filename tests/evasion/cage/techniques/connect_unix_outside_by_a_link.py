# SPDX-License-Identifier: Apache-2.0
"""The same through a symbolic link in the working directory

family: connect
effect: listener
refusal: PermissionError
event: any connect
"""
import os
import socket

import kit
import target

os.symlink(target.STREAM, target.WORK + "/stream.sock")
kit.attempt(socket.socket(socket.AF_UNIX).connect, target.WORK + "/stream.sock")
