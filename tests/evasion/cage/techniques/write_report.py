# SPDX-License-Identifier: Apache-2.0
"""The report of this very run

family: write
effect: mark
refusal: PermissionError
event: any write
"""
import kit
import target


def act():
    with open(target.WORK + "/../report.jsonl", "r+" if kit.os.path.exists(target.WORK + "/../report.jsonl") else "w"):
        kit.mark()


kit.attempt(act)
