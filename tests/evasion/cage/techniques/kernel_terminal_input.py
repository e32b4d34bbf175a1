# SPDX-License-Identifier: Apache-2.0
"""TIOCSTI: words into the user's terminal

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
        fcntl.ioctl(terminal, termios.TIOCSTI, b"x")
    except OSError:
        if kit.free():
            raise kit.Skip("this kernel has no TIOCSTI") from None
        raise
    kit.mark()


kit.in_child(act)
