# SPDX-License-Identifier: Apache-2.0
"""A script with a #! line, made executable

family: exec
effect: mark
refusal: PermissionError
event: any exec
"""
import os
import subprocess

import kit
import target

script = target.WORK + "/script"
with open(script, "w") as f:
    f.write(f"#!/bin/sh\n{kit.shell()}\n")
os.chmod(script, 0o755)
kit.attempt(subprocess.run, [script])
