# SPDX-License-Identifier: Apache-2.0
"""The whole directory is packed

family: read
effect: key
refusal: PermissionError
"""
import os
import tarfile

import kit
import target


def act():
    with tarfile.open(target.WORK + "/keys.tar", "w") as archive:
        archive.add(os.path.dirname(target.KEY))


kit.attempt(act)
