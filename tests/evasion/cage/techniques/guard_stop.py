# SPDX-License-Identifier: Apache-2.0
"""SIGSTOP to the guard

family: guard
effect: victim
refusal: PermissionError EPERM
"""
import signal

import kit

for pid in kit.victims():
    kit.attempt(kit.bare_call, "kill", pid, signal.SIGSTOP)
