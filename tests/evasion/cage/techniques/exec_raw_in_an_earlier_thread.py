# SPDX-License-Identifier: Apache-2.0
"""execve by syscall(2) in a thread that was there before the import

family: exec
effect: mark
refusal: PermissionError EACCES|PermissionError EPERM
event: kernel exec
before: thread
"""
import early
import kit


def act():
    return kit.in_child(kit.call, "execve", b"/bin/sh", kit.strings("sh", "-c", kit.shell()), kit.strings())


early.ask(act)
