# SPDX-License-Identifier: Apache-2.0
"""bpf

family: kernel
effect: mark
refusal: PermissionError EPERM
event: kernel syscall bpf
"""
import os
import struct

import kit

if os.geteuid():
    raise kit.Skip("needs root")
kit.attempt(lambda: (kit.call("bpf", 0, struct.pack("<4I", 2, 4, 4, 1) + bytes(100), 116), kit.mark()))
