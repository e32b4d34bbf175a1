# SPDX-License-Identifier: Apache-2.0
"""A handler that runs on a signal

family: exec
effect: mark
refusal: PermissionError
event: hook exec
"""
import os
import signal
import time

import kit


def handler(number, frame):
    kit.attempt(lambda: os.system(kit.shell()))  # act


signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.01)
time.sleep(0.3)
