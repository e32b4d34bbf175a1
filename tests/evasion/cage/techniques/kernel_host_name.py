# SPDX-License-Identifier: Apache-2.0
"""sethostname

family: kernel
effect: mark
refusal: PermissionError EPERM
event: kernel syscall sethostname
"""
import os
import socket

import kit

if os.geteuid():
    raise kit.Skip("needs root")
name = socket.gethostname().encode()
kit.attempt(lambda: (kit.call("sethostname", name, len(name)), kit.mark()))
