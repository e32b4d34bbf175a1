# SPDX-License-Identifier: Apache-2.0
"""execve by machine code in memory of its own

family: exec
effect: mark
refusal: PermissionError EACCES|PermissionError EPERM
event: kernel exec
"""
import kit

kit.in_child(kit.bare_call, "execve", b"/bin/sh", kit.strings("sh", "-c", kit.shell()), kit.strings())
