# SPDX-License-Identifier: Apache-2.0
"""A new symbolic link outside

family: write
effect: outside
refusal: PermissionError
event: hook write
"""
import os

import kit
import target

kit.attempt(lambda: os.symlink("/nowhere", target.OUTSIDE + "/new"))  # act
