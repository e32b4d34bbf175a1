# SPDX-License-Identifier: Apache-2.0
"""A copy of the shell in the working directory

family: exec
effect: mark
refusal: PermissionError
event: any exec
"""
import shutil
import subprocess

import kit
import target

copy = shutil.copy("/bin/sh", target.WORK + "/copy")
kit.attempt(subprocess.run, [copy, "-c", kit.shell()])
