# SPDX-License-Identifier: Apache-2.0
"""python -c in a child, which then runs a shell

family: exec
effect: mark
refusal: PermissionError|32256|32512
event: any exec
"""
import subprocess
import sys

import kit

code = f"import os\ntry:\n    print('got:', os.system({kit.shell()!r}))\nexcept OSError as error:\n    print('got:', type(error).__name__)\n"
subprocess.run([sys.executable, "-c", code])
