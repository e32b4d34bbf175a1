# SPDX-License-Identifier: Apache-2.0
"""os.unlink

family: write
effect: outside
refusal: PermissionError
event: hook write
"""
import os

import kit
import target

kit.attempt(lambda: os.unlink(target.VICTIM_FILE))  # act
