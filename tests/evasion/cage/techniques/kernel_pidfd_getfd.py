# SPDX-License-Identifier: Apache-2.0
"""pidfd_getfd: a descriptor of another process

family: kernel
effect: outside
refusal: PermissionError EPERM
event: kernel syscall pidfd_getfd
"""
import os

import kit
import target

pidfd = kit.call("pidfd_open", target.VICTIM, 0)
kit.attempt(lambda: os.write(kit.call("pidfd_getfd", pidfd, 9, 0), b"struck"))
