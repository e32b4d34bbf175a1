# SPDX-License-Identifier: Apache-2.0
"""A child Python with an empty environment

family: read
effect: key
refusal: PermissionError
"""
import subprocess
import sys

import target

code = f"""
try:
    open({target.LOOT!r}, "w").write(open({target.KEY!r}).read())
except OSError as error:
    print("got:", type(error).__name__)
"""
subprocess.run([sys.executable, "-I", "-S", "-c", code], env={})
