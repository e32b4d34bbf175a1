# SPDX-License-Identifier: Apache-2.0
"""os.popen

family: exec
effect: mark
refusal: PermissionError
event: hook exec
"""
import os

import kit

kit.attempt(lambda: os.popen(kit.shell()).read())  # act
