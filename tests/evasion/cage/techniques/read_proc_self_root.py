# SPDX-License-Identifier: Apache-2.0
"""/proc/self/root

family: read
effect: key
refusal: PermissionError
event: any read
"""
import kit
import target

kit.attempt(lambda: kit.loot(open("/proc/self/root" + target.KEY).read()))
