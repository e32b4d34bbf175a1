# SPDX-License-Identifier: Apache-2.0
"""setns

family: kernel
effect: mark
refusal: PermissionError EPERM
event: kernel syscall setns
"""
import os

import kit

if os.geteuid():
    raise kit.Skip("needs root")
fd = os.open("/proc/self/ns/uts", os.O_RDONLY)
kit.attempt(lambda: (kit.call("setns", fd, 0), kit.mark()))
