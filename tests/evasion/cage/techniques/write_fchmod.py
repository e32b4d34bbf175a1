# SPDX-License-Identifier: Apache-2.0
"""os.fchmod on a descriptor that was opened for reading

family: write
effect: outside
refusal: PermissionError
event: any write|attr
"""
import os

import kit
import target

kit.attempt(os.fchmod, os.open(target.VICTIM_FILE, os.O_RDONLY), 0o777)
