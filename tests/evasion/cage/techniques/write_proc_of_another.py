# SPDX-License-Identifier: Apache-2.0
"""/proc/PID/cwd and root of another process

family: write
effect: outside
refusal: PermissionError
"""
import kit
import target

kit.attempt(open, f"/proc/{target.VICTIM}/root" + target.OUTSIDE + "/new", "w")
