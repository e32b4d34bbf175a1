# SPDX-License-Identifier: Apache-2.0
"""os.mkdir

family: write
effect: outside
refusal: PermissionError
event: hook write
"""
import os

import kit
import target

kit.attempt(lambda: os.mkdir(target.OUTSIDE + "/new"))  # act
