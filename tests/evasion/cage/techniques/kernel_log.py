# SPDX-License-Identifier: Apache-2.0
"""syslog(2): the kernel's log

family: kernel
effect: mark
refusal: PermissionError EPERM
event: kernel syscall syslog
"""
import ctypes

import kit


def act():
    try:
        kit.call("syslog", 3, ctypes.create_string_buffer(4096), 4096)
    except OSError:
        if kit.free():
            raise kit.Skip("dmesg_restrict does not let this user") from None
        raise
    kit.mark()


kit.attempt(act)
