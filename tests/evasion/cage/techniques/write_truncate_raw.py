# SPDX-License-Identifier: Apache-2.0
"""truncate by syscall(2)

family: write
effect: outside
refusal: PermissionError EACCES
"""
import kit
import target

kit.attempt(kit.call, "truncate", target.VICTIM_FILE.encode(), 0)
