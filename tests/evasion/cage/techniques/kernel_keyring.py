# SPDX-License-Identifier: Apache-2.0
"""The kernel's keyring

family: kernel
effect: mark
refusal: PermissionError EPERM
event: kernel syscall keyctl|add_key
"""
import kit


def act():
    try:
        kit.call("add_key", b"user", b"struck", b"1", 1, -1)
    except OSError:
        if kit.free():
            raise kit.Skip("this kernel has no keyring") from None
        raise
    kit.mark()


kit.attempt(act)
