# SPDX-License-Identifier: Apache-2.0
"""openat by machine code

family: write
effect: outside
refusal: PermissionError EACCES
"""
import os

import kit
import target

kit.attempt(kit.bare_call, "openat", -100, (target.OUTSIDE + "/new").encode(), os.O_CREAT | os.O_WRONLY, 0o600)
