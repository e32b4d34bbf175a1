# SPDX-License-Identifier: Apache-2.0
"""A bind mount of the outside over a directory of its own

family: write
effect: outside
refusal: PermissionError EPERM
event: kernel syscall unshare|mount
"""
import os

import kit
import target

if os.geteuid():
    raise kit.Skip("needs root")
os.mkdir(target.WORK + "/view")


def act():
    kit.call("unshare", 0x20000)  # CLONE_NEWNS: nobody else sees the mounts
    kit.call("mount", b"none", b"/", None, 0x44000, None)
    kit.call("mount", target.OUTSIDE.encode(), (target.WORK + "/view").encode(), None, 0x1000, None)
    os.open(target.WORK + "/view/new", os.O_CREAT)


kit.in_child(act)
