# SPDX-License-Identifier: Apache-2.0
"""openat in a forked child

family: write
effect: outside
refusal: PermissionError EACCES
"""
import os

import kit
import target

kit.in_child(kit.call, "openat", -100, (target.OUTSIDE + "/new").encode(), os.O_CREAT | os.O_WRONLY, 0o600)
