# SPDX-License-Identifier: Apache-2.0
"""rename by syscall(2)

family: write
effect: outside
refusal: PermissionError|OSError EXDEV
"""
import kit
import target

kit.attempt(kit.call, "rename", target.VICTIM_FILE.encode(), (target.WORK + "/mine").encode())
