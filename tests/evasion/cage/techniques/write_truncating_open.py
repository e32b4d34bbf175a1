# SPDX-License-Identifier: Apache-2.0
"""open with O_TRUNC, by syscall(2)

family: write
effect: outside
refusal: PermissionError EACCES
"""
import os

import kit
import target

kit.attempt(kit.call, "openat", -100, target.VICTIM_FILE.encode(), os.O_WRONLY | os.O_TRUNC, 0)
