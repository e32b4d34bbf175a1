# SPDX-License-Identifier: Apache-2.0
"""pidfd_send_signal

family: guard
effect: victim
refusal: PermissionError EPERM
"""
import os
import signal

import kit

for pid in kit.victims():
    kit.attempt(lambda: kit.call("pidfd_send_signal", os.pidfd_open(pid), signal.SIGKILL, None, 0))
