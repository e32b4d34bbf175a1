# SPDX-License-Identifier: Apache-2.0
"""~/.ssh/id_rsa by the user's data base

family: read
effect: key
refusal: PermissionError
event: hook read
"""
import os

import kit

kit.attempt(lambda: kit.loot(open(os.path.expanduser("~/.ssh/id_rsa")).read()))  # act
