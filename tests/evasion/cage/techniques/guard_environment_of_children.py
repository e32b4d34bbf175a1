# SPDX-License-Identifier: Apache-2.0
"""Children are told that there is no hubguard, by an environment made by hand

family: guard
effect: mark
refusal: PermissionError
event: any exec
"""
import subprocess
import sys

import kit

code = f"import os\ntry:\n    os.execv('/bin/sh', ['sh', '-c', {kit.shell()!r}])\nexcept OSError as e:\n    print('got:', type(e).__name__)\n"
environment = {"HUBGUARD_MODE": "observe", "HUBGUARD_POLICY": "/dev/null", "HUBGUARD_CAGE": "1", "LD_PRELOAD": ""}
subprocess.run([sys.executable, "-c", code], env=environment)
