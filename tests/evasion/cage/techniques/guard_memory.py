# SPDX-License-Identifier: Apache-2.0
"""The guard's memory through /proc

family: guard
effect: victim
refusal: PermissionError
"""
import kit
import target


def act(pid):
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as f:
        f.seek(target.VICTIM_TEXT)
        f.write(b"struck")


for pid in kit.victims():
    kit.attempt(act, pid)
