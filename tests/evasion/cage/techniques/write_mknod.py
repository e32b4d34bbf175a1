# SPDX-License-Identifier: Apache-2.0
"""A pipe and a device made by mknod

family: write
effect: outside
refusal: PermissionError
"""
import os
import stat

import kit
import target

kit.attempt(os.mkfifo, target.OUTSIDE + "/pipe")
kit.attempt(os.mknod, target.OUTSIDE + "/device", stat.S_IFCHR | 0o600, os.makedev(1, 3))
