# SPDX-License-Identifier: Apache-2.0
"""rename of a file of its own over one outside

family: write
effect: outside
refusal: PermissionError|OSError EXDEV
event: hook write
"""
import os

import kit
import target

with open(target.WORK + "/mine", "w") as f:
    f.write("struck\n")
kit.attempt(lambda: os.rename(target.WORK + "/mine", target.VICTIM_FILE))  # act
