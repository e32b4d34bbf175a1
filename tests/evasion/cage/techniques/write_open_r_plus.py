# SPDX-License-Identifier: Apache-2.0
"""open(…, "r+")

family: write
effect: outside
refusal: PermissionError
event: hook write
"""
import kit
import target


def act():
    with open(target.VICTIM_FILE, "r+b") as f:  # act
        f.write(b"struck\n")


kit.attempt(act)
