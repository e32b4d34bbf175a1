# SPDX-License-Identifier: Apache-2.0
"""/proc/self/root

family: write
effect: outside
refusal: PermissionError
event: any write
"""
import kit
import target

kit.attempt(open, "/proc/self/root" + target.OUTSIDE + "/new", "w")
