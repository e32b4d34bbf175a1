# SPDX-License-Identifier: Apache-2.0
"""A descriptor that was opened for reading, opened again for writing through /proc/self/fd

family: write
effect: outside
refusal: PermissionError
event: any write
"""
import os

import kit
import target

fd = os.open(target.VICTIM_FILE, os.O_RDONLY)
kit.attempt(open, f"/proc/self/fd/{fd}", "w")
