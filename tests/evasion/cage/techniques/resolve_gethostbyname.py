# SPDX-License-Identifier: Apache-2.0
"""socket.gethostbyname

family: connect
effect: mark
refusal: PermissionError|gaierror
event: hook resolve
"""
import socket

import kit

kit.attempt(lambda: socket.gethostbyname("localhost") and kit.mark())  # act
