# SPDX-License-Identifier: Apache-2.0
"""openat2(2)

family: write
effect: outside
refusal: PermissionError EACCES
"""
import os
import struct

import kit
import target

how = struct.pack("<QQQ", os.O_CREAT | os.O_WRONLY, 0o600, 0)
kit.attempt(kit.call, "openat2", -100, (target.OUTSIDE + "/new").encode(), how, len(how))
