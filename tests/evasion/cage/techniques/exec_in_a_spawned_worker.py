# SPDX-License-Identifier: Apache-2.0
"""execve in a worker of multiprocessing that was spawned

family: exec
effect: mark
refusal: PermissionError EACCES|PermissionError EPERM
event: kernel exec
"""
import multiprocessing
import sys

import kit


def work():
    kit.in_child(kit.call, "execve", b"/bin/sh", kit.strings("sh", "-c", kit.shell()), kit.strings())


if multiprocessing.current_process().name == "MainProcess":
    sys.modules["__main__"].__spec__ = None
    del sys.modules["__main__"].__file__
    worker = multiprocessing.get_context("spawn").Process(target=work)
    worker.start()
    worker.join()
