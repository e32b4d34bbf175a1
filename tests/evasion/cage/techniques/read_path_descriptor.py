# SPDX-License-Identifier: Apache-2.0
"""A descriptor that only names the file (O_PATH), opened through /proc/self/fd

family: read
effect: key
refusal: PermissionError
"""
import os

import kit
import target

fd = os.open(target.KEY, os.O_PATH)
kit.attempt(lambda: kit.loot(open(f"/proc/self/fd/{fd}").read()))
