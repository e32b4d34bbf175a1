# SPDX-License-Identifier: Apache-2.0
"""A hard link in the working directory

family: read
effect: key
refusal: PermissionError|OSError EXDEV
"""
import os

import kit
import target

kit.attempt(lambda: (os.link(target.KEY, target.WORK + "/link"), kit.loot(open(target.WORK + "/link").read())))
