# SPDX-License-Identifier: Apache-2.0
"""execve of /proc/self/root/bin/sh

family: exec
effect: mark
refusal: PermissionError EACCES|PermissionError EPERM
event: kernel exec
"""
import kit

kit.in_child(kit.call, "execve", b"/proc/self/root/bin/sh", kit.strings("sh", "-c", kit.shell()), kit.strings())
