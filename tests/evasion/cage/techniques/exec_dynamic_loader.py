# SPDX-License-Identifier: Apache-2.0
"""The dynamic loader starts the program: ld.so /bin/sh

family: exec
effect: mark
refusal: PermissionError|SIGKILL
event: any exec
"""
import os
import subprocess

import kit

with open("/bin/sh", "rb") as f:
    head = f.read(1 << 16)
loader = next(name for name in ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1") if name.encode() in head)
kit.attempt(subprocess.run, [loader, os.path.realpath("/bin/sh"), "-c", kit.shell()])
