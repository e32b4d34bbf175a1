# SPDX-License-Identifier: Apache-2.0
"""execveat(2)

family: exec
effect: mark
refusal: PermissionError EPERM
event: kernel syscall execveat
"""
import kit

kit.in_child(kit.call, "execveat", -100, b"/bin/sh", kit.strings("sh", "-c", kit.shell()), kit.strings(), 0)
