# SPDX-License-Identifier: Apache-2.0
"""/proc/PID/mem of another process

family: read
effect: key
refusal: PermissionError
"""
import kit
import target


def act():
    with open(f"/proc/{target.VICTIM}/mem", "rb") as f:
        f.seek(target.VICTIM_TEXT)
        kit.loot(f.read(64))


kit.attempt(act)
