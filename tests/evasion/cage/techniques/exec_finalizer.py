# SPDX-License-Identifier: Apache-2.0
"""A finalizer that runs in the middle of the user's own code

family: exec
effect: mark
refusal: PermissionError
event: hook exec
"""
import gc
import os

import kit


class Late:
    def __del__(self):
        kit.attempt(lambda: os.system(kit.shell()))  # act


def after():
    global late
    del late
    gc.collect()


late = Late()
