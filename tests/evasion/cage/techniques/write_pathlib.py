# SPDX-License-Identifier: Apache-2.0
"""pathlib's write_text

family: write
effect: outside
refusal: PermissionError
event: hook write
"""
import pathlib

import kit
import target

kit.attempt(lambda: pathlib.Path(target.VICTIM_FILE).write_text("struck\n"))  # act
