# SPDX-License-Identifier: Apache-2.0
"""personality

family: kernel
effect: mark
refusal: PermissionError EPERM
event: kernel syscall personality
"""
import kit


def act():
    kit.call("personality", 0x0400000)  # READ_IMPLIES_EXEC
    kit.mark()


kit.in_child(act)
