# SPDX-License-Identifier: Apache-2.0
"""openat in a thread that was there before the import with every signal blocked

family: write
effect: outside
refusal: PermissionError EACCES
before: blocked thread
"""
import os

import early
import kit
import target

kit.attempt(early.ask, lambda: kit.bare_call("openat", -100, (target.OUTSIDE + "/new").encode(), os.O_CREAT | os.O_WRONLY, 0o600))
