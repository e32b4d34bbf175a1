# SPDX-License-Identifier: Apache-2.0
"""openat2(2)

family: read
effect: key
refusal: PermissionError EACCES
"""
import os
import struct

import kit
import target

how = struct.pack("<QQQ", os.O_RDONLY, 0, 0)
kit.attempt(lambda: kit.loot(os.read(kit.call("openat2", -100, target.KEY.encode(), how, len(how)), 4096)))
