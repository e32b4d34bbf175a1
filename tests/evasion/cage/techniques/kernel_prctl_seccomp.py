# SPDX-License-Identifier: Apache-2.0
"""prctl(PR_SET_SECCOMP)

family: kernel
effect: mark
refusal: PermissionError EPERM
"""
import ctypes
import struct

import kit

program = ctypes.create_string_buffer(struct.pack("<HBBI", 0x06, 0, 0, 0x7FFF0000))
filters = struct.pack("<H6xQ", 1, ctypes.addressof(program))


def act():
    kit.call("prctl", 38, 1, 0, 0, 0)
    kit.call("prctl", 22, 2, filters, 0, 0)
    kit.mark()


kit.in_child(act)
