# SPDX-License-Identifier: Apache-2.0
"""renameat2 that exchanges two files

family: write
effect: outside
refusal: PermissionError|OSError EXDEV
"""
import kit
import target

with open(target.WORK + "/mine", "w") as f:
    f.write("struck\n")
kit.attempt(kit.call, "renameat2", -100, target.VICTIM_FILE.encode(), -100, (target.WORK + "/mine").encode(), 2)
