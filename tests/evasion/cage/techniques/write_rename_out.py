# SPDX-License-Identifier: Apache-2.0
"""rename of a file outside into the working directory

family: write
effect: outside
refusal: PermissionError|OSError EXDEV
event: hook write
"""
import os

import kit
import target

kit.attempt(lambda: os.rename(target.VICTIM_FILE, target.WORK + "/mine"))  # act
