# SPDX-License-Identifier: Apache-2.0
"""A script with a #! line by syscall(2)

family: exec
effect: mark
refusal: PermissionError EACCES|PermissionError EPERM
event: kernel exec
"""
import os

import kit
import target

script = target.TMP + "/script"
with open(script, "w") as f:
    f.write(f"#!/bin/sh\n{kit.shell()}\n")
os.chmod(script, 0o755)
kit.in_child(kit.call, "execve", script.encode(), kit.strings(script), kit.strings())
