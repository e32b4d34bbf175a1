# SPDX-License-Identifier: Apache-2.0
"""A symbolic link in the working directory, written through

family: write
effect: outside
refusal: PermissionError
event: any write
"""
import os

import kit
import target

link = target.WORK + "/link"
os.symlink(target.VICTIM_FILE, link)
kit.attempt(open, link, "w")
