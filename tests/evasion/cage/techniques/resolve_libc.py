# SPDX-License-Identifier: Apache-2.0
"""getaddrinfo(3) by ctypes

family: connect
effect: mark
refusal: result -[0-9]+
event: any resolve
"""
import ctypes

import kit

answer = ctypes.c_void_p()
result = kit.libc.getaddrinfo(b"localhost", None, None, ctypes.byref(answer))
kit.got(f"result {result}")
if result == 0:
    kit.mark()
