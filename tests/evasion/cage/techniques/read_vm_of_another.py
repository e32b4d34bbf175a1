# SPDX-License-Identifier: Apache-2.0
"""process_vm_readv(2) of another process

family: read
effect: key
refusal: PermissionError EPERM
event: kernel syscall process_vm_readv
"""
import ctypes
import struct

import kit
import target


def act():
    buffer = ctypes.create_string_buffer(64)
    local, remote = struct.pack("<QQ", ctypes.addressof(buffer), 64), struct.pack("<QQ", target.VICTIM_TEXT, 64)
    kit.call("process_vm_readv", target.VICTIM, local, 1, remote, 1, 0)
    kit.loot(buffer.raw)


kit.attempt(act)
