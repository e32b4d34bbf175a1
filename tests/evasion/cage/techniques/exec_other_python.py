# SPDX-License-Identifier: Apache-2.0
"""Another Python than the one that runs

family: exec
effect: mark
refusal: PermissionError EACCES|PermissionError EPERM
event: kernel exec
"""
import os
import sys

import kit
import target

for other in ("/usr/bin/python3", "/usr/local/bin/python3"):
    if os.path.exists(other) and os.path.realpath(other) != os.path.realpath(sys.executable):
        break
else:
    raise kit.Skip("no other Python")
code = f"open({target.MARK!r}, 'w').write('struck')"
kit.in_child(kit.call, "execve", other.encode(), kit.strings(other, "-I", "-S", "-c", code), kit.strings())
