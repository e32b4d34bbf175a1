# SPDX-License-Identifier: Apache-2.0
"""/proc/PID/environ of another process

family: read
effect: key
refusal: PermissionError
"""
import kit
import target

kit.attempt(lambda: kit.loot(open(f"/proc/{target.VICTIM}/environ", "rb").read()))
