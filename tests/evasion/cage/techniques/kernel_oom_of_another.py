# SPDX-License-Identifier: Apache-2.0
"""oom_score_adj of another process

family: kernel
effect: victim
refusal: PermissionError
"""
import kit
import target


def act():
    with open(f"/proc/{target.VICTIM}/oom_score_adj", "w") as f:
        f.write("1000")


kit.attempt(act)
