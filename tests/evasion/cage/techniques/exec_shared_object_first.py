# SPDX-License-Identifier: Apache-2.0
"""The same, loaded by the user's own script before any Python of the repository

family: exec
effect: mark
refusal: done
event: kernel exec
main: __import__("ctypes").CDLL(HOOK); print("got: done")
"""
