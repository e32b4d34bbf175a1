# SPDX-License-Identifier: Apache-2.0
"""setxattr by machine code

family: write
effect: outside
refusal: PermissionError EPERM
event: kernel syscall setxattr
"""
import errno

import kit
import target


def act():
    try:
        kit.bare_call("setxattr", target.VICTIM_FILE.encode(), b"user.struck", b"1", 1, 0)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            raise kit.Skip("this file system has no extended attributes") from None
        raise


kit.attempt(act)
