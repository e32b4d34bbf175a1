# SPDX-License-Identifier: Apache-2.0
"""os.system

family: exec
effect: mark
refusal: PermissionError
event: hook exec
"""
import os

import kit

kit.attempt(lambda: os.system(kit.shell()))  # act
