# SPDX-License-Identifier: Apache-2.0
"""open(…, "w")

family: write
effect: outside
refusal: PermissionError
event: hook write
"""
import kit
import target


def act():
    with open(target.VICTIM_FILE, "w") as f:  # act
        f.write("struck\n")


kit.attempt(act)
