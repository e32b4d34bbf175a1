# SPDX-License-Identifier: Apache-2.0
"""A shared object of the repository whose constructor starts a program

family: exec
effect: mark
refusal: done
event: kernel exec
"""
import ctypes

import kit
import target

ctypes.CDLL(None).setenv(b"STRIKE_MARK", target.MARK.encode(), 1)
kit.attempt(ctypes.CDLL, target.HOOK)
