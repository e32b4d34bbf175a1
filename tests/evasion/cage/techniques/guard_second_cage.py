# SPDX-License-Identifier: Apache-2.0
"""A second cage is asked for by the process that is in one already, and a listener offered that is none

family: guard
effect: mark
refusal: PermissionError EACCES|PermissionError EPERM
event: kernel exec
"""
import os

import kit

try:
    kit.channel().close()
except OSError:
    pass  # there is no guard to ask
else:
    kit.got("verdict %d error %d" % kit.ask("CAGE", "/bin/sh"))
    kit.got("verdict %d error %d" % kit.ask("LISTENER", fd=os.open("/dev/null", os.O_RDONLY)))
kit.in_child(kit.call, "execve", b"/bin/sh", kit.strings("sh", "-c", kit.shell()), kit.strings())
