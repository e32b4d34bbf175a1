# SPDX-License-Identifier: Apache-2.0
"""shutil.copy

family: read
effect: key
refusal: PermissionError
event: any read
"""
import shutil

import kit
import target

kit.attempt(shutil.copy, target.KEY, target.WORK + "/copy")
