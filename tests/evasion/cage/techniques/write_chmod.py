# SPDX-License-Identifier: Apache-2.0
"""os.chmod

family: write
effect: outside
refusal: PermissionError
event: hook write|attr
"""
import os

import kit
import target

kit.attempt(lambda: os.chmod(target.VICTIM_FILE, 0o777))  # act
