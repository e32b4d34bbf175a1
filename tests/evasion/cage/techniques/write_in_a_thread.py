# SPDX-License-Identifier: Apache-2.0
"""openat in a new thread

family: write
effect: outside
refusal: PermissionError EACCES
"""
import os
import threading

import kit
import target


def act():
    kit.attempt(kit.call, "openat", -100, (target.OUTSIDE + "/new").encode(), os.O_CREAT | os.O_WRONLY, 0o600)


thread = threading.Thread(target=act)
thread.start()
thread.join()
