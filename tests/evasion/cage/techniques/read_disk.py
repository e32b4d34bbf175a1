# SPDX-License-Identifier: Apache-2.0
"""The disk itself, below the file system

family: read
effect: mark
refusal: PermissionError
"""
import os

import kit

refusal = None
for disk in kit.disks():
    try:
        os.close(os.open(disk, os.O_RDONLY))
        kit.mark(disk)
        kit.got(disk)
    except OSError as error:
        refusal = error
if refusal:
    kit.got(refusal)
if kit.free() and not os.path.exists(kit.target.MARK):
    raise kit.Skip("no disk that this user may open")
