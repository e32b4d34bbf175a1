# SPDX-License-Identifier: Apache-2.0
"""process_vm_writev into another process

family: kernel
effect: victim
refusal: PermissionError EPERM
event: kernel syscall process_vm_writev
"""
import ctypes
import struct

import kit
import target

data = ctypes.create_string_buffer(b"struck")
local, remote = struct.pack("<QQ", ctypes.addressof(data), 6), struct.pack("<QQ", target.VICTIM_TEXT, 6)
kit.attempt(kit.call, "process_vm_writev", target.VICTIM, local, 1, remote, 1, 0)
