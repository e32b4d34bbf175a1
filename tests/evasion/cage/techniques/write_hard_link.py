# SPDX-License-Identifier: Apache-2.0
"""A hard link in the working directory, written through

family: write
effect: outside
refusal: PermissionError|OSError EXDEV
"""
import os

import kit
import target

link = target.WORK + "/link"
kit.attempt(os.link, target.VICTIM_FILE, link)
if os.path.exists(link):
    kit.attempt(open, link, "w")
