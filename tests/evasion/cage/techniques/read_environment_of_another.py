# SPDX-License-Identifier: Apache-2.0
"""/proc/PID/environ of another process

family: read
effect: key
refusal: PermissionError
"""
import os

import kit
import target

if not os.geteuid():
    raise kit.Skip("root reads it by CAP_PERFMON: see test_limit_root_reads_environments")

kit.attempt(lambda: kit.loot(open(f"/proc/{target.VICTIM}/environ", "rb").read()))
