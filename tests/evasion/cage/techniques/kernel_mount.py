# SPDX-License-Identifier: Apache-2.0
"""fsopen, the new way to mount

family: kernel
effect: mark
refusal: PermissionError EPERM
event: kernel syscall fsopen
"""
import os

import kit

if os.geteuid():
    raise kit.Skip("needs root")
kit.attempt(lambda: (kit.call("fsopen", b"tmpfs", 0), kit.mark()))
