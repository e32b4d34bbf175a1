# SPDX-License-Identifier: Apache-2.0
"""Another thread rewrites the path while execve is being decided

family: exec
effect: mark
refusal: tries ended
"""
import ctypes
import os
import sys
import threading
import time

import kit
import target

python = os.path.realpath(sys.executable).encode()
path = ctypes.create_string_buffer(python, max(len(python), 16) + 1)
until = time.monotonic() + 3


def rewrite():
    while True:
        ctypes.memmove(path, b"/bin/sh\0", 8)
        ctypes.memmove(path, python, 8)


def tries():
    threading.Thread(target=rewrite, daemon=True).start()
    while True:
        try:
            kit.call("execve", path, kit.strings("sh", "-c", kit.shell()), kit.strings("PYTHONHOME=/nonexistent"))
        except OSError:
            pass


while time.monotonic() < until and not os.path.exists(target.MARK):
    pid = os.fork()
    if pid == 0:
        sys.stderr = None
        os.close(2)
        tries()
    os.waitpid(pid, 0)
kit.got("tries ended")
