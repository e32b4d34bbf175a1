# SPDX-License-Identifier: Apache-2.0
"""A signal to the guard's process group

family: guard
effect: victim
refusal: PermissionError EPERM
"""
import os
import signal

import kit

for pid in kit.victims():
    group = os.getpgid(pid)
    if group != os.getpgid(0):
        kit.attempt(os.killpg, group, signal.SIGURG)
    else:
        kit.attempt(os.kill, pid, signal.SIGURG)
