# SPDX-License-Identifier: Apache-2.0
"""sendfile(2) into a file of its own

family: read
effect: key
refusal: PermissionError
event: any read
"""
import os

import kit
import target


def act():
    out = os.open(target.LOOT, os.O_CREAT | os.O_WRONLY)
    os.sendfile(out, os.open(target.KEY, os.O_RDONLY), 0, 4096)


kit.attempt(act)
