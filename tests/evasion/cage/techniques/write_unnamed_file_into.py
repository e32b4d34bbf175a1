# SPDX-License-Identifier: Apache-2.0
"""A file without a name gets one outside: O_TMPFILE and linkat

family: write
effect: outside
refusal: OSError EXDEV|PermissionError|FileNotFoundError
"""
import os

import kit
import target

fd = os.open(target.WORK, os.O_TMPFILE | os.O_WRONLY, 0o600)
kit.attempt(kit.call, "linkat", -100, f"/proc/self/fd/{fd}".encode(), -100, (target.OUTSIDE + "/new").encode(), 0x400)
