# SPDX-License-Identifier: Apache-2.0
"""A system call number of the x32 kind

family: kernel
effect: mark
refusal: SIGSYS
"""
import errno
import platform

import kit

if platform.machine() != "x86_64":
    raise kit.Skip("not this processor")


def act():
    try:
        kit.bare_call(0x40000000 + 39)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
    kit.mark("the kernel was asked")


kit.in_child(act)
