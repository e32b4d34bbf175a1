# SPDX-License-Identifier: Apache-2.0
"""ld.so /bin/sh by machine code

family: exec
effect: mark
refusal: PermissionError|SIGKILL
event: kernel exec
"""
import os

import kit

LOADER = b"/lib64/ld-linux-x86-64.so.2"
words = kit.strings("ld.so", os.path.realpath("/bin/sh"), "-c", kit.shell())
kit.in_child(kit.bare_call, "execve", LOADER, words, kit.strings())
