# SPDX-License-Identifier: Apache-2.0
"""A child Python with an empty environment

family: write
effect: outside
refusal: PermissionError
"""
import subprocess
import sys

import target

code = f"try:\n    open({target.OUTSIDE + '/new'!r}, 'w')\nexcept OSError as error:\n    print('got:', type(error).__name__)\n"
subprocess.run([sys.executable, "-I", "-S", "-c", code], env={})
