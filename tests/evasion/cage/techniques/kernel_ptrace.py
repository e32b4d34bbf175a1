# SPDX-License-Identifier: Apache-2.0
"""ptrace of another process

family: kernel
effect: victim
refusal: PermissionError EPERM
event: kernel syscall ptrace
"""
import os

import kit
import target


def act():
    kit.call("ptrace", 0x4206, target.VICTIM, 0, 0)  # PTRACE_SEIZE
    kit.call("ptrace", 0x4207, target.VICTIM, 0, 0)  # PTRACE_INTERRUPT
    os.waitpid(target.VICTIM, 0x40000000)
    kit.call("ptrace", 4, target.VICTIM, target.VICTIM_TEXT, 0x41414141)  # PTRACE_POKETEXT
    kit.call("ptrace", 17, target.VICTIM, 0, 0)


kit.attempt(act)
