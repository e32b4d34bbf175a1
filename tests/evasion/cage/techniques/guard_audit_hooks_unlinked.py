# SPDX-License-Identifier: Apache-2.0
"""The interpreter's list of audit hooks is emptied by overwriting memory, and then os.system

family: guard
effect: mark
refusal: done
event: kernel exec
"""
import os

import kit

kit.unlink_audit_hooks()
kit.attempt(os.system, kit.shell())
