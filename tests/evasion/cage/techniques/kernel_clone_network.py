# SPDX-License-Identifier: Apache-2.0
"""clone: a child in a network name space of its own, with rubbish in the upper half of the register

family: kernel
effect: mark
refusal: PermissionError EPERM
event: kernel syscall clone
"""
import os

import kit

if os.geteuid():
    raise kit.Skip("needs root")


def act():
    pid = kit.bare_call("clone", 0x40000000 | 17 | 9 << 40, 0, 0, 0, 0)
    if pid == 0:
        kit.mark()
        os._exit(0)
    os.waitpid(pid, 0)


kit.attempt(act)
