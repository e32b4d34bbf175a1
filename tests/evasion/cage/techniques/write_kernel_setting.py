# SPDX-License-Identifier: Apache-2.0
"""A setting of the kernel below /proc/sys

family: write
effect: mark
refusal: PermissionError
event: any write
"""
import os

import kit

SETTING = "/proc/sys/kernel/core_pattern"
if not os.access(SETTING, os.W_OK):
    raise kit.Skip("needs root")
kit.attempt(lambda: (os.close(os.open(SETTING, os.O_WRONLY)), kit.mark()))
