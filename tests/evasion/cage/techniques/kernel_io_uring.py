# SPDX-License-Identifier: Apache-2.0
"""io_uring_setup

family: kernel
effect: mark
refusal: PermissionError EPERM|OSError ENOSYS
event: kernel syscall io_uring_setup
"""
import ctypes

import kit


def act():
    kit.bare_call("io_uring_setup", 1, ctypes.create_string_buffer(120))
    kit.mark()


kit.attempt(act)
