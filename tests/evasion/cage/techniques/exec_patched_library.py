# SPDX-License-Identifier: Apache-2.0
"""A function of the library is replaced, and acts when the user's own code calls it

family: exec
effect: mark
refusal: PermissionError
event: hook exec
"""
import json
import os

import kit

real = json.dumps


def dumps(value):
    kit.attempt(lambda: os.system(kit.shell()))  # act
    return real(value)


def after():
    eval("json.dumps({})", {"json": json})


json.dumps = dumps
