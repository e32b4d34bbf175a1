# SPDX-License-Identifier: Apache-2.0
"""userfaultfd

family: kernel
effect: mark
refusal: PermissionError EPERM
event: kernel syscall userfaultfd
"""
import kit

kit.attempt(lambda: (kit.call("userfaultfd", 1), kit.mark()))
