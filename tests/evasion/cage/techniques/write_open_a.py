# SPDX-License-Identifier: Apache-2.0
"""open(…, "a") of a start-up file of the shell

family: write
effect: outside
refusal: PermissionError
event: hook write
"""
import kit
import target


def act():
    with open(target.HOME + "/.bashrc", "a") as f:  # act
        f.write("# struck\n")


kit.attempt(act)
