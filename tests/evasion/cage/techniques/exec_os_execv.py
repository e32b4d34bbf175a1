# SPDX-License-Identifier: Apache-2.0
"""os.execv in a forked child

family: exec
effect: mark
refusal: PermissionError
event: hook exec
"""
import os

import kit

kit.in_child(lambda: os.execv("/bin/sh", ["sh", "-c", kit.shell()]))  # act
