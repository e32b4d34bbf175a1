# SPDX-License-Identifier: Apache-2.0
"""prlimit of another process

family: kernel
effect: victim
refusal: PermissionError EPERM
event: kernel syscall prlimit64
"""
import struct

import kit
import target

kit.attempt(kit.call, "prlimit64", target.VICTIM, 7, struct.pack("<QQ", 5, 5), None)
