# SPDX-License-Identifier: Apache-2.0
"""prlimit of the guard: no more descriptors, no processor time

family: guard
effect: victim
refusal: PermissionError EPERM
event: kernel syscall prlimit64
"""
import struct

import kit

for pid in kit.victims():
    for limit in (0, 7):  # RLIMIT_CPU, RLIMIT_NOFILE
        kit.attempt(kit.bare_call, "prlimit64", pid, limit, struct.pack("<QQ", 1, 1), 0)
