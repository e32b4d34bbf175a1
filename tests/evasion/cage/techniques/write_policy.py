# SPDX-License-Identifier: Apache-2.0
"""The user's policy for the next run

family: write
effect: mark
refusal: PermissionError
event: any write
"""
import os

import kit

folder = os.environ["XDG_CONFIG_HOME"] + "/hubguard"


def act():
    os.makedirs(folder, exist_ok=True)
    with open(folder + "/policy.ini", "w"):
        kit.mark()


kit.attempt(act)
