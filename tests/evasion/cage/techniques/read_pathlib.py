# SPDX-License-Identifier: Apache-2.0
"""pathlib, of the credentials of a cloud

family: read
effect: key
refusal: PermissionError
event: hook read
"""
import pathlib

import kit
import target

kit.attempt(lambda: kit.loot(pathlib.Path(target.HOME, ".aws", "credentials").read_bytes()))  # act
