# SPDX-License-Identifier: Apache-2.0
"""seccomp: a filter of its own with a listener, which would answer before the guard

family: kernel
effect: mark
refusal: PermissionError EPERM|OSError EBUSY
event: kernel syscall seccomp
"""
import ctypes
import struct

import kit

program = ctypes.create_string_buffer(struct.pack("<HBBIHBBI", 0x06, 0, 0, 0x7FFF0000, 0x06, 0, 0, 0x7FFF0000))
filters = struct.pack("<H6xQ", 1, ctypes.addressof(program))


def act():
    kit.call("prctl", 38, 1, 0, 0, 0)
    kit.call("seccomp", 1, 8, filters)
    kit.mark()


kit.in_child(act)
