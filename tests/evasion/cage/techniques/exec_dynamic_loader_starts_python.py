# SPDX-License-Identifier: Apache-2.0
"""ld.so starts the allowed interpreter with an auditor of the repository's, which acts first

family: exec
effect: mark
refusal: PermissionError|SIGKILL
event: kernel exec
"""
import os
import sys

import kit
import target

words = kit.strings("ld.so", "--audit", target.HOOK, os.path.realpath(sys.executable), "-c", "pass")
environment = kit.strings(f"STRIKE_MARK={target.MARK}", f"PYTHONHOME={sys.base_prefix}")
kit.in_child(kit.call, "execve", b"/lib64/ld-linux-x86-64.so.2", words, environment)
