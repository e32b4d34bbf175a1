# SPDX-License-Identifier: Apache-2.0
"""The name leads to Python and to the shell in turns while it is started again and again

family: exec
effect: mark
refusal: tries ended
event: kernel exec
"""
import os
import sys
import threading
import time

import kit
import target

link, good, evil = (target.WORK + "/" + name for name in ("python", "good", "evil"))
until = time.monotonic() + 4


def flip():
    while time.monotonic() < until and not os.path.exists(target.MARK):
        for source in ("/bin/sh", os.path.realpath(sys.executable)):
            os.symlink(source, good)
            os.rename(good, link)


os.symlink("/bin/sh", link)
threading.Thread(target=flip, daemon=True).start()
while time.monotonic() < until and not os.path.exists(target.MARK):
    pid = os.fork()
    if pid == 0:
        try:
            kit.call("execve", link.encode(), kit.strings("sh", "-c", kit.shell()), kit.strings("PYTHONHOME=/nonexistent"))
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
kit.got("tries ended")
