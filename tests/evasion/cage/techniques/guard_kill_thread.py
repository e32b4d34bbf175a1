# SPDX-License-Identifier: Apache-2.0
"""tgkill and tkill

family: guard
effect: victim
refusal: PermissionError EPERM
"""
import signal

import kit

for pid in kit.victims():
    kit.attempt(kit.call, "tgkill", pid, pid, signal.SIGKILL)
    kit.attempt(kit.call, "tkill", pid, signal.SIGKILL)
