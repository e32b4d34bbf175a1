# SPDX-License-Identifier: Apache-2.0
"""The guard's cache of verdicts

family: write
effect: mark
refusal: PermissionError
event: any write
"""
import os

import kit

folder = os.environ["XDG_CACHE_HOME"] + "/hubguard"


def act():
    os.makedirs(folder, exist_ok=True)
    with open(folder + "/verdicts.db", "ab"):
        kit.mark()


kit.attempt(act)
