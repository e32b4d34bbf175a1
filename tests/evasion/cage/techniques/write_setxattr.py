# SPDX-License-Identifier: Apache-2.0
"""os.setxattr

family: write
effect: outside
refusal: PermissionError
event: any write|attr
"""
import errno
import os

import kit
import target


def act():
    try:
        os.setxattr(target.VICTIM_FILE, "user.struck", b"1")
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            raise kit.Skip("this file system has no extended attributes") from None
        raise


kit.attempt(act)
