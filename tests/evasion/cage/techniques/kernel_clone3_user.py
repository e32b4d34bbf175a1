# SPDX-License-Identifier: Apache-2.0
"""clone3: a child in a user name space

family: kernel
effect: mark
refusal: OSError ENOSYS
"""
import os
import struct

import kit


def act():
    try:
        pid = kit.bare_call("clone3", struct.pack("<11Q", 0x10000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0), 88)
    except OSError:
        if kit.free():
            raise kit.Skip("this user may make no user name space") from None
        raise
    if pid == 0:
        kit.mark()
        os._exit(0)
    os.waitpid(pid, 0)


kit.attempt(act)
