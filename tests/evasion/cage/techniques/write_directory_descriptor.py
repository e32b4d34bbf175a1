# SPDX-License-Identifier: Apache-2.0
"""A descriptor of the directory, and a name below it

family: write
effect: outside
refusal: PermissionError EACCES
event: any write
"""
import os

import kit
import target

folder = os.open(target.OUTSIDE, os.O_RDONLY)
kit.attempt(os.open, "new", os.O_CREAT | os.O_WRONLY, dir_fd=folder)
