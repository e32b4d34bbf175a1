# SPDX-License-Identifier: Apache-2.0
"""Every descriptor is closed before the act

family: guard
effect: mark
refusal: PermissionError
event: hook exec
"""
import os

import kit

os.closerange(3, 65536)
kit.attempt(lambda: os.system(kit.shell()))  # act
