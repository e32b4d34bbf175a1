# SPDX-License-Identifier: Apache-2.0
"""A handler for SIGSYS, and every signal blocked

family: guard
effect: mark
refusal: PermissionError EACCES|PermissionError EPERM
event: kernel exec
"""
import signal
import struct

import kit

signal.signal(signal.SIGSYS, lambda number, frame: kit.got("handler"))
kit.call("rt_sigprocmask", 2, struct.pack("<Q", 0xFFFFFFFFFFFFFFFF), None, 8)
kit.in_child(kit.call, "execve", b"/bin/sh", kit.strings("sh", "-c", kit.shell()), kit.strings())
