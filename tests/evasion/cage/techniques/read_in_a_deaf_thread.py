# SPDX-License-Identifier: Apache-2.0
"""openat in a thread that was there before the import with every signal blocked

family: read
effect: key
refusal: PermissionError EACCES
before: blocked thread
"""
import os

import early
import kit
import target

kit.attempt(early.ask, lambda: kit.loot(os.read(kit.bare_call("openat", -100, target.KEY.encode(), os.O_RDONLY), 4096)))
