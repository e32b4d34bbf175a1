# SPDX-License-Identifier: Apache-2.0
"""os.open of a new file

family: write
effect: outside
refusal: PermissionError
event: hook write
"""
import os

import kit
import target

kit.attempt(lambda: os.open(target.OUTSIDE + "/new", os.O_CREAT | os.O_WRONLY))  # act
