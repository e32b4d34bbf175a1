# SPDX-License-Identifier: Apache-2.0
"""clone: a child in a user name space

family: kernel
effect: mark
refusal: PermissionError EPERM
event: kernel syscall clone
"""
import os

import kit


def act():
    try:
        pid = kit.bare_call("clone", 0x10000000 | 17, 0, 0, 0, 0)
    except OSError:
        if kit.free():
            raise kit.Skip("this user may make no user name space") from None
        raise
    if pid == 0:
        kit.mark()
        os._exit(0)
    os.waitpid(pid, 0)


kit.attempt(act)
