# SPDX-License-Identifier: Apache-2.0
""".. out of the working directory

family: write
effect: outside
refusal: PermissionError
event: hook write
"""
import kit
import target

kit.attempt(lambda: open(target.WORK + "/../outside/new", "w"))  # act
