# SPDX-License-Identifier: Apache-2.0
"""A device node made in the working directory that leads to the disk

family: write
effect: mark
refusal: PermissionError
"""
import os
import stat

import kit
import target

if os.geteuid():
    raise kit.Skip("needs root")



def act():
    os.mknod(target.WORK + "/disk", stat.S_IFBLK | 0o600, os.stat(target.WORK).st_dev)
    os.open(target.WORK + "/disk", os.O_RDWR)
    kit.mark()


try:
    act()
except OSError as error:
    if kit.free():
        raise kit.Skip("this machine lets nobody make devices") from None
    kit.got(error)
