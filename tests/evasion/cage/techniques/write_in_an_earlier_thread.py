# SPDX-License-Identifier: Apache-2.0
"""openat in a thread that was there before the import

family: write
effect: outside
refusal: PermissionError EACCES
before: thread
"""
import os

import early
import kit
import target

kit.attempt(early.ask, lambda: kit.call("openat", -100, (target.OUTSIDE + "/new").encode(), os.O_CREAT | os.O_WRONLY, 0o600))
