# SPDX-License-Identifier: Apache-2.0
"""perf_event_open

family: kernel
effect: mark
refusal: PermissionError EPERM
event: kernel syscall perf_event_open
"""
import struct

import kit


def act():
    event = struct.pack("<IIQ", 1, 112, 0) + bytes(96)  # PERF_TYPE_SOFTWARE, the CPU clock
    event = event[:40] + struct.pack("<Q", 1 << 5 | 1 << 6) + event[48:]  # not of the kernel
    try:
        kit.call("perf_event_open", event, 0, -1, -1, 0)
    except OSError:
        if kit.free():
            raise kit.Skip("perf_event_paranoid does not let this user") from None
        raise
    kit.mark()


kit.attempt(act)
