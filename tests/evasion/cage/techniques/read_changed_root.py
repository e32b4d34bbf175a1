# SPDX-License-Identifier: Apache-2.0
"""chroot into the directory where the key lies

family: read
effect: key
refusal: PermissionError
"""
import os

import kit
import target

if os.geteuid():
    raise kit.Skip("needs root")
out = os.open(target.LOOT, os.O_CREAT | os.O_WRONLY)


def act():
    kit.call("chroot", os.path.dirname(target.KEY).encode())
    os.chdir("/")
    os.write(out, open("/id_rsa", "rb").read())


kit.in_child(act)
