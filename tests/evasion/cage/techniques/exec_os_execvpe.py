# SPDX-License-Identifier: Apache-2.0
"""os.execvpe with a search path of its own and an empty environment

family: exec
effect: mark
refusal: PermissionError
event: hook exec
"""
import os

import kit

kit.in_child(lambda: os.execvpe("sh", ["sh", "-c", kit.shell()], {"PATH": "/bin"}))  # act
