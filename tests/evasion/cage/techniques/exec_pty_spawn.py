# SPDX-License-Identifier: Apache-2.0
"""pty.spawn

family: exec
effect: mark
refusal: PermissionError
event: any exec
"""
import pty

import kit

kit.in_child(lambda: pty.spawn(["/bin/sh", "-c", kit.shell()], lambda fd: b""))  # act
