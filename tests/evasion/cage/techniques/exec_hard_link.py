# SPDX-License-Identifier: Apache-2.0
"""A hard link to a program, in the working directory

family: exec
effect: mark
refusal: PermissionError|OSError EXDEV
"""
import os
import subprocess

import kit
import target

link = target.WORK + "/link"
kit.attempt(os.link, target.OUTSIDE + "/strike", link)
kit.attempt(subprocess.run, [link, target.MARK])
