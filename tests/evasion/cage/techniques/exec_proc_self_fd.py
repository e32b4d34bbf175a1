# SPDX-License-Identifier: Apache-2.0
"""execve of /proc/self/fd/N

family: exec
effect: mark
refusal: PermissionError EACCES|PermissionError EPERM
event: kernel exec
"""
import os

import kit

fd = os.open("/bin/sh", os.O_PATH)
kit.in_child(kit.call, "execve", f"/proc/self/fd/{fd}".encode(), kit.strings("sh", "-c", kit.shell()), kit.strings())
