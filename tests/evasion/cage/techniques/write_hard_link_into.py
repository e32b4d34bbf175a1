# SPDX-License-Identifier: Apache-2.0
"""A hard link into the outside, by syscall(2)

family: write
effect: outside
refusal: OSError EXDEV|PermissionError
"""
import kit
import target

with open(target.WORK + "/mine", "w") as f:
    f.write("struck\n")
kit.attempt(kit.call, "link", (target.WORK + "/mine").encode(), (target.OUTSIDE + "/new").encode())
