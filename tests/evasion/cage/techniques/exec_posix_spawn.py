# SPDX-License-Identifier: Apache-2.0
"""os.posix_spawn

family: exec
effect: mark
refusal: PermissionError
event: hook exec
"""
import os

import kit


def spawn():
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", kit.shell()], {})  # act
    os.waitpid(pid, 0)


kit.attempt(spawn)
