# SPDX-License-Identifier: Apache-2.0
"""The interpreter with an empty environment, isolated: no preload, and then a shell

family: exec
effect: mark
refusal: PermissionError
event: any exec
"""
import subprocess
import sys

import kit

code = f"""
import os
try:
    os.execve("/bin/sh", ["sh", "-c", {kit.shell()!r}], {{}})
except OSError as error:
    print("got:", type(error).__name__, error)
"""
subprocess.run([sys.executable, "-I", "-S", "-c", code], env={})
