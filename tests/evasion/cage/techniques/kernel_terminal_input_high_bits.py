# SPDX-License-Identifier: Apache-2.0
"""TIOCSTI with rubbish in the upper half of the register

family: kernel
effect: mark
refusal: PermissionError EPERM
"""
import fcntl
import os
import termios

import kit


def act():
    controller, terminal = os.openpty()
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    try:
        kit.bare_call(16, terminal, termios.TIOCSTI | 5 << 32, b"x")
    except OSError:
        if kit.free():
            raise kit.Skip("this kernel has no TIOCSTI") from None
        raise
    kit.mark()


kit.in_child(act)
