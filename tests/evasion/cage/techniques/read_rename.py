# SPDX-License-Identifier: Apache-2.0
"""The directory is moved into the working directory

family: read
effect: key
refusal: PermissionError|OSError EXDEV
"""
import os

import kit
import target

kit.attempt(lambda: os.rename(os.path.dirname(target.KEY), target.WORK + "/keys"))
