# SPDX-License-Identifier: Apache-2.0
"""userfaultfd by its device instead of the system call

family: kernel
effect: mark
refusal: PermissionError
"""
import fcntl
import os

import kit

USERFAULTFD_IOC_NEW = 0xAA00


def act():
    fcntl.ioctl(os.open("/dev/userfaultfd", os.O_RDONLY), USERFAULTFD_IOC_NEW, 0)
    kit.mark()


try:
    act()
except OSError as error:
    if kit.free():
        raise kit.Skip("this user has no such device") from None
    kit.got(error)
