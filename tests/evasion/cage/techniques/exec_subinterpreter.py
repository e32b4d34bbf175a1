# SPDX-License-Identifier: Apache-2.0
"""A second interpreter in the same process

family: exec
effect: mark
refusal: PermissionError
event: any exec
"""
import kit

try:
    import _xxsubinterpreters as interpreters
except ImportError:
    raise kit.Skip("this Python has no module for it")
code = f"""
import os
try:
    os.posix_spawn("/bin/sh", ["sh", "-c", {kit.shell()!r}], {{}}), os.wait()
except OSError as error:
    print("got:", type(error).__name__, flush=True)
"""
try:
    interpreters.run_string(interpreters.create(isolated=False), code)
except RuntimeError as error:
    kit.got(error)
