# SPDX-License-Identifier: Apache-2.0
"""The directory is changed first

family: read
effect: key
refusal: PermissionError
event: any read
"""
import os

import kit
import target


def act():
    os.chdir(os.path.dirname(target.KEY))
    kit.loot(open("id_rsa").read())


kit.attempt(act)
