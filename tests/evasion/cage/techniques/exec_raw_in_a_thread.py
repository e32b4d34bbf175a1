# SPDX-License-Identifier: Apache-2.0
"""execve by syscall(2) in a thread

family: exec
effect: mark
refusal: PermissionError EACCES|PermissionError EPERM
event: kernel exec
"""
import threading

import kit


def act():
    kit.attempt(kit.call, "execve", b"/bin/sh", kit.strings("sh", "-c", kit.shell()), kit.strings())


def child():
    thread = threading.Thread(target=act)
    thread.start()
    thread.join()


kit.in_child(child)
