# SPDX-License-Identifier: Apache-2.0
"""The directory itself is moved into the working directory

family: write
effect: outside
refusal: PermissionError|OSError EXDEV
event: any write
"""
import shutil

import kit
import target

kit.attempt(shutil.move, target.OUTSIDE + "/folder", target.WORK + "/folder")
