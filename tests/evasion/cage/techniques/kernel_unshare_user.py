# SPDX-License-Identifier: Apache-2.0
"""unshare: a user name space, with all rights in it

family: kernel
effect: mark
refusal: PermissionError EPERM
event: kernel syscall unshare
"""
import kit


def act():
    try:
        kit.call("unshare", 0x10000000)
    except OSError:
        if kit.free():
            raise kit.Skip("this user may make no user name space") from None
        raise
    kit.mark()


kit.in_child(act)
