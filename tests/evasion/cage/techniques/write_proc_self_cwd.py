# SPDX-License-Identifier: Apache-2.0
"""/proc/self/cwd

family: write
effect: outside
refusal: PermissionError
event: any write
"""
import os

import kit
import target

os.chdir(target.OUTSIDE)
kit.attempt(open, "/proc/self/cwd/new", "w")
