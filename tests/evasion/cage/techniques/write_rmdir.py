# SPDX-License-Identifier: Apache-2.0
"""shutil.rmtree

family: write
effect: outside
refusal: PermissionError
event: any write
"""
import shutil

import kit
import target

kit.attempt(shutil.rmtree, target.OUTSIDE + "/folder")
