# SPDX-License-Identifier: Apache-2.0
"""iopl: the ports of the hardware

family: kernel
effect: mark
refusal: PermissionError EPERM
event: kernel syscall iopl
"""
import os

import kit

if os.geteuid():
    raise kit.Skip("needs root")


def act():
    try:
        kit.call("iopl", 3)
    except OSError:
        if kit.free():
            raise kit.Skip("this machine has no ports") from None
        raise
    kit.mark()


kit.in_child(act)
