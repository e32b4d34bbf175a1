# SPDX-License-Identifier: Apache-2.0
"""chmod by syscall(2)

family: write
effect: outside
refusal: PermissionError EPERM
event: kernel syscall chmod
"""
import kit
import target

kit.attempt(kit.call, "chmod", target.VICTIM_FILE.encode(), 0o777)
