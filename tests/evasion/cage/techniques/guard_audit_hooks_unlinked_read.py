# SPDX-License-Identifier: Apache-2.0
"""The interpreter's list of audit hooks is emptied, and then a key is read

family: guard
effect: key
refusal: PermissionError
"""
import kit
import target

kit.unlink_audit_hooks()
kit.attempt(lambda: kit.loot(open(target.KEY).read()))
