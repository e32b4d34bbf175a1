# SPDX-License-Identifier: Apache-2.0
"""A forked child

family: read
effect: key
refusal: PermissionError EACCES
"""
import os

import kit
import target

kit.in_child(lambda: kit.loot(os.read(kit.call("openat", -100, target.KEY.encode(), os.O_RDONLY, 0), 4096)))
