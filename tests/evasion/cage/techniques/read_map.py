# SPDX-License-Identifier: Apache-2.0
"""mmap of the file

family: read
effect: key
refusal: PermissionError
event: any read
"""
import mmap
import os

import kit
import target


def act():
    fd = os.open(target.KEY, os.O_RDONLY)
    kit.loot(mmap.mmap(fd, 0, access=mmap.ACCESS_READ)[:])


kit.attempt(act)
