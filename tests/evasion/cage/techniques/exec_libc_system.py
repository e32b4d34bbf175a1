# SPDX-License-Identifier: Apache-2.0
"""system(3) by ctypes

family: exec
effect: mark
refusal: done|PermissionError
event: any exec
"""
import kit

kit.attempt(kit.libc.system, kit.shell().encode())
