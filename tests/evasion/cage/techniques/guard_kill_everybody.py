# SPDX-License-Identifier: Apache-2.0
"""A signal to every process: kill(-1)

family: guard
effect: victim
refusal: PermissionError EPERM|done
alone: the signal reaches every stage there is
"""
import os
import signal

import kit

kit.attempt(os.kill, -1, signal.SIGURG)
