# SPDX-License-Identifier: Apache-2.0
"""A function that runs when the interpreter ends

family: exec
effect: mark
refusal: later
event: any exec
"""
import atexit
import os

import kit

atexit.register(os.system, kit.shell())
kit.got("later")
