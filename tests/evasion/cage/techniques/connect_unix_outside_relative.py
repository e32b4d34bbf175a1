# SPDX-License-Identifier: Apache-2.0
"""The same by a relative path, from the working directory

family: connect
effect: listener
refusal: PermissionError
event: any connect
"""
import os
import socket

import kit
import target

os.chdir(target.OUTSIDE)
kit.attempt(socket.socket(socket.AF_UNIX).connect, "stream.sock")
