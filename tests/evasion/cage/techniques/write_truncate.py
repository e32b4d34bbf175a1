# SPDX-License-Identifier: Apache-2.0
"""os.truncate

family: write
effect: outside
refusal: PermissionError
event: hook write
"""
import os

import kit
import target

kit.attempt(lambda: os.truncate(target.VICTIM_FILE, 0))  # act
