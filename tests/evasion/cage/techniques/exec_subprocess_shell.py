# SPDX-License-Identifier: Apache-2.0
"""subprocess with shell=True

family: exec
effect: mark
refusal: PermissionError
event: hook exec
"""
import subprocess

import kit

kit.attempt(lambda: subprocess.run(kit.shell(), shell=True))  # act
