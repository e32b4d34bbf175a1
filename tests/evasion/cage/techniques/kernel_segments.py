# SPDX-License-Identifier: Apache-2.0
"""modify_ldt

family: kernel
effect: mark
refusal: PermissionError EPERM
event: kernel syscall modify_ldt
"""
import ctypes
import errno

import kit


def act():
    try:
        kit.call("modify_ldt", 0, ctypes.create_string_buffer(16), 16)
    except OSError as error:
        if error.errno == errno.ENOSYS and kit.free():
            raise kit.Skip("this kernel has no modify_ldt") from None
        raise
    kit.mark()


kit.attempt(act)
