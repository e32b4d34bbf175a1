# SPDX-License-Identifier: Apache-2.0
"""subprocess: `executable` is the shell, the first word claims to be Python

family: exec
effect: mark
refusal: PermissionError
event: hook exec
"""
import subprocess
import sys

import kit

kit.attempt(lambda: subprocess.run([sys.executable, "-c", kit.shell()], executable="/bin/sh"))  # act
