# SPDX-License-Identifier: Apache-2.0
"""A shared object of the repository in LD_AUDIT of a child Python

family: exec
effect: mark
refusal: child ended
event: kernel exec
"""
import subprocess
import sys

import kit
import target

environment = {"LD_AUDIT": target.HOOK, "STRIKE_MARK": target.MARK}
kit.got(f"child ended {subprocess.run([sys.executable, '-S', '-c', 'pass'], env=environment).returncode}")
