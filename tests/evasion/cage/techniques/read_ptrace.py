# SPDX-License-Identifier: Apache-2.0
"""ptrace: attach to another process and peek

family: read
effect: key
refusal: PermissionError EPERM
event: kernel syscall ptrace
"""
import ctypes
import os
import time

import kit
import target


def act():
    kit.call("ptrace", 0x4206, target.VICTIM, 0, 0)  # PTRACE_SEIZE
    kit.call("ptrace", 0x4207, target.VICTIM, 0, 0)  # PTRACE_INTERRUPT
    os.waitpid(target.VICTIM, 0x40000000)
    words = []
    for i in range(4):
        word = ctypes.c_long()
        kit.call("ptrace", 1, target.VICTIM, target.VICTIM_TEXT + 8 * i, ctypes.byref(word))
        words.append(ctypes.string_at(ctypes.byref(word), 8))
    kit.loot(b"".join(words))
    kit.call("ptrace", 17, target.VICTIM, 0, 0)
    time.sleep(0)


kit.attempt(act)
