# SPDX-License-Identifier: Apache-2.0
"""A descriptor of the directory, and the name below it

family: read
effect: key
refusal: PermissionError
"""
import os

import kit
import target


def act():
    folder = os.open(os.path.dirname(target.KEY), os.O_RDONLY)
    kit.loot(os.read(os.open("id_rsa", os.O_RDONLY, dir_fd=folder), 4096))


kit.attempt(act)
