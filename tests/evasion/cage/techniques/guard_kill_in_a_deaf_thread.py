# SPDX-License-Identifier: Apache-2.0
"""kill in a thread that was there before the import with every signal blocked

family: guard
effect: victim
refusal: PermissionError EPERM
before: blocked thread
"""
import signal

import early
import kit

for pid in kit.victims():
    kit.attempt(early.ask, lambda: kit.bare_call("kill", pid, signal.SIGKILL))
