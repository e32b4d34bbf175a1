# SPDX-License-Identifier: Apache-2.0
"""linkat by syscall(2) out of the outside, written through

family: write
effect: outside
refusal: OSError EXDEV|PermissionError
"""
import os

import kit
import target

link = target.WORK + "/link"
kit.attempt(kit.call, "linkat", -100, target.VICTIM_FILE.encode(), -100, link.encode(), 0)
if os.path.exists(link):
    kit.attempt(open, link, "w")
