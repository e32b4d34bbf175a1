# SPDX-License-Identifier: Apache-2.0
"""os.spawnlp

family: exec
effect: mark
refusal: 127|PermissionError
event: hook exec
"""
import os

import kit

kit.attempt(lambda: os.spawnlp(os.P_WAIT, "sh", "sh", "-c", kit.shell()))  # act
