# SPDX-License-Identifier: Apache-2.0
"""process_madvise

family: kernel
effect: mark
refusal: PermissionError EPERM
event: kernel syscall process_madvise
"""
import os
import struct

import kit

pidfd = kit.call("pidfd_open", os.getppid(), 0)
vector = struct.pack("<QQ", kit.memory(), 4096)


def act():
    try:
        kit.call("process_madvise", pidfd, vector, 1, 20, 0)
    except OSError:
        if not kit.free():
            raise
    kit.mark()


kit.attempt(act)
