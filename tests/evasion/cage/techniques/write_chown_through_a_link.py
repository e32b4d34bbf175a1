# SPDX-License-Identifier: Apache-2.0
"""chown through a symbolic link in the working directory

family: write
effect: outside
refusal: PermissionError
event: any write|attr
"""
import os

import kit
import target

if os.geteuid():
    raise kit.Skip("needs root")
link = target.WORK + "/link"
os.symlink(target.VICTIM_FILE, link)
kit.attempt(os.chown, link, 65534, 65534)
