# SPDX-License-Identifier: Apache-2.0
"""gethostbyname_r(3) by ctypes

family: connect
effect: mark
refusal: found 0
event: any resolve
"""
import ctypes

import kit

entry, answer, code = ctypes.create_string_buffer(64), ctypes.c_void_p(), ctypes.c_int()
kit.libc.gethostbyname_r(b"localhost", entry, ctypes.create_string_buffer(4096), 4096, ctypes.byref(answer), ctypes.byref(code))
kit.got(f"found {int(bool(answer.value))}")
if answer.value:
    kit.mark()
