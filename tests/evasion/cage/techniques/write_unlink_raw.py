# SPDX-License-Identifier: Apache-2.0
"""unlink by syscall(2)

family: write
effect: outside
refusal: PermissionError EACCES
"""
import kit
import target

kit.attempt(kit.call, "unlink", target.VICTIM_FILE.encode())
