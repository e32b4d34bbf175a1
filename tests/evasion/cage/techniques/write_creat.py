# SPDX-License-Identifier: Apache-2.0
"""creat by syscall(2)

family: write
effect: outside
refusal: PermissionError EACCES
"""
import kit
import target

kit.attempt(kit.call, "creat", (target.OUTSIDE + "/new").encode(), 0o600)
