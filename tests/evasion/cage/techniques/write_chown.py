# SPDX-License-Identifier: Apache-2.0
"""os.chown

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
kit.attempt(os.chown, target.VICTIM_FILE, 65534, 65534)
