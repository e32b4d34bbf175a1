# SPDX-License-Identifier: Apache-2.0
"""ld.so --preload: a shared object that acts before any program

family: exec
effect: mark
refusal: PermissionError|SIGKILL
event: kernel exec
"""
import kit
import target

words = kit.strings("ld.so", "--preload", target.HOOK, target.STRIKE, target.MARK)
environment = kit.strings(f"STRIKE_MARK={target.MARK}")
kit.in_child(kit.call, "execve", b"/lib64/ld-linux-x86-64.so.2", words, environment)
