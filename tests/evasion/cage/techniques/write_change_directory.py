# SPDX-License-Identifier: Apache-2.0
"""The directory is changed first

family: write
effect: outside
refusal: PermissionError
event: hook write
"""
import os

import kit
import target

os.chdir(target.OUTSIDE)
kit.attempt(lambda: open("new", "w"))  # act
