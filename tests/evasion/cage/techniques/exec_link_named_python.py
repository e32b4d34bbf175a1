# SPDX-License-Identifier: Apache-2.0
"""A symbolic link named python that leads to the shell

family: exec
effect: mark
refusal: PermissionError EACCES|PermissionError EPERM
event: kernel exec
"""
import os
import sys

import kit
import target

link = target.WORK + "/" + os.path.basename(os.path.realpath(sys.executable))
os.symlink("/bin/sh", link)
kit.in_child(kit.call, "execve", link.encode(), kit.strings(link, "-c", kit.shell()), kit.strings())
