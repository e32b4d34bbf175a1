# SPDX-License-Identifier: Apache-2.0
"""execve in a thread that was there before the import with every signal blocked

family: exec
effect: mark
refusal: PermissionError EACCES|PermissionError EPERM
event: kernel exec
before: blocked thread
"""
import early
import kit


def act():
    return kit.in_child(kit.bare_call, "execve", b"/bin/sh", kit.strings("sh", "-c", kit.shell()), kit.strings())


early.ask(act)
