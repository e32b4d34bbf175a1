# SPDX-License-Identifier: Apache-2.0
"""/proc/PID/mem of another process, written

family: kernel
effect: victim
refusal: PermissionError
"""
import kit
import target


def act():
    with open(f"/proc/{target.VICTIM}/mem", "r+b", buffering=0) as f:
        f.seek(target.VICTIM_TEXT)
        f.write(b"struck")


kit.attempt(act)
