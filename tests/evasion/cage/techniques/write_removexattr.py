# SPDX-License-Identifier: Apache-2.0
"""os.removexattr

family: write
effect: outside
refusal: PermissionError
event: any write|attr
"""
import os

import kit
import target

if "user.mine" not in os.listxattr(target.VICTIM_FILE):
    raise kit.Skip("this file system has no extended attributes")
kit.attempt(os.removexattr, target.VICTIM_FILE, "user.mine")
