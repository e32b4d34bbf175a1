# SPDX-License-Identifier: Apache-2.0
"""fchmodat2(2)

family: write
effect: outside
refusal: PermissionError EPERM|OSError ENOSYS
event: kernel syscall fchmodat2|452
"""
import errno

import kit
import target


def act():
    try:
        kit.call("fchmodat2", -100, target.VICTIM_FILE.encode(), 0o777, 0)
    except OSError as error:
        if error.errno == errno.ENOSYS and kit.free():
            raise kit.Skip("this kernel has no fchmodat2") from None
        raise


kit.attempt(act)
