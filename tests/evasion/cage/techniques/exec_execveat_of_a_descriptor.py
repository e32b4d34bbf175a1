# SPDX-License-Identifier: Apache-2.0
"""execveat(2) of a descriptor, AT_EMPTY_PATH

family: exec
effect: mark
refusal: PermissionError EPERM
event: kernel syscall execveat
"""
import os

import kit

fd = os.open("/bin/sh", os.O_PATH)
kit.in_child(kit.bare_call, "execveat", fd, b"", kit.strings("sh", "-c", kit.shell()), kit.strings(), 0x1000)
