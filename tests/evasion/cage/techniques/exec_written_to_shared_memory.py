# SPDX-License-Identifier: Apache-2.0
"""A static program written to /dev/shm

family: exec
effect: mark
refusal: PermissionError|FileNotFoundError
"""
import os
import shutil

import kit
import target

path = f"/dev/shm/hubguard-test-{os.getpid()}"
try:
    kit.attempt(shutil.copy, target.STATIC, path)
    kit.in_child(kit.call, "execve", path.encode(), kit.strings("x", target.MARK), kit.strings())
finally:
    if os.path.exists(path):
        os.unlink(path)
