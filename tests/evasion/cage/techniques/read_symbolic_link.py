# SPDX-License-Identifier: Apache-2.0
"""A symbolic link in the working directory

family: read
effect: key
refusal: PermissionError
event: any read
"""
import os

import kit
import target

os.symlink(target.KEY, target.WORK + "/link")
kit.attempt(lambda: kit.loot(open(target.WORK + "/link").read()))
