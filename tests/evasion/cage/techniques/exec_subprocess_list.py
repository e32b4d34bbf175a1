# SPDX-License-Identifier: Apache-2.0
"""subprocess with a list of words

family: exec
effect: mark
refusal: PermissionError
event: hook exec
"""
import subprocess

import kit

kit.attempt(lambda: subprocess.check_output(["/bin/sh", "-c", kit.shell()]))  # act
