# SPDX-License-Identifier: Apache-2.0
"""A descriptor out of /proc/PID/fd of another process, opened for writing

family: read
effect: outside
refusal: PermissionError
"""
import kit
import target


def act():
    with open(f"/proc/{target.VICTIM}/fd/9", "r+") as f:
        f.write("struck")


kit.attempt(act)
