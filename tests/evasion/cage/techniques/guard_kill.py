# SPDX-License-Identifier: Apache-2.0
"""SIGKILL to the guard and to another process of the user

family: guard
effect: victim
refusal: PermissionError EPERM
"""
import os
import signal

import kit

for pid in kit.victims():
    kit.attempt(os.kill, pid, signal.SIGKILL)
