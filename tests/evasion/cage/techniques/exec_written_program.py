# SPDX-License-Identifier: Apache-2.0
"""A static program that the repository brings along

family: exec
effect: mark
refusal: PermissionError EACCES|PermissionError EPERM
event: kernel exec
"""
import kit
import target

kit.in_child(kit.call, "execve", target.STATIC.encode(), kit.strings("x", target.MARK), kit.strings())
