# SPDX-License-Identifier: Apache-2.0
"""open_tree: a copy of a mount

family: kernel
effect: mark
refusal: PermissionError EPERM
event: kernel syscall open_tree
"""
import os

import kit

if os.geteuid():
    raise kit.Skip("needs root")
kit.attempt(lambda: (kit.call("open_tree", -100, b"/tmp", 1), kit.mark()))
