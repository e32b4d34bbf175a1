# SPDX-License-Identifier: Apache-2.0
"""fanotify: what the whole machine opens

family: kernel
effect: mark
refusal: PermissionError EPERM
event: kernel syscall fanotify_init
"""
import os

import kit

if os.geteuid():
    raise kit.Skip("needs root")


def act():
    try:
        kit.call("fanotify_init", 0, 0)
    except OSError:
        if kit.free():
            raise kit.Skip("this kernel has no fanotify") from None
        raise
    kit.mark()


kit.attempt(act)
