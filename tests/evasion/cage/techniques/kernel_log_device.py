# SPDX-License-Identifier: Apache-2.0
"""/dev/kmsg: the kernel's log

family: kernel
effect: mark
refusal: PermissionError
"""
import os

import kit


def act():
    fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    if os.read(fd, 8192):
        kit.mark()


try:
    act()
except OSError as error:
    if kit.free():
        raise kit.Skip("this user may not read it") from None
    kit.got(error)
