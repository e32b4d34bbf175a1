# SPDX-License-Identifier: Apache-2.0
"""Code that is made at run time, from text

family: exec
effect: mark
refusal: PermissionError
event: any exec
"""
import kit

text = f"import os; os.system({kit.shell()!r})"
kit.attempt(eval, compile(text, "/usr/lib/python3/os.py", "exec"), {})
