# SPDX-License-Identifier: Apache-2.0
"""kcmp

family: kernel
effect: mark
refusal: PermissionError EPERM
event: kernel syscall kcmp
"""
import os

import kit

kit.attempt(lambda: (kit.call("kcmp", os.getpid(), os.getpid(), 1, 0, 0), kit.mark()))
