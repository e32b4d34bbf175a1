# SPDX-License-Identifier: Apache-2.0
"""A fork server of multiprocessing, that was there before the import, is asked for a process: outside of the cage

family: exec
effect: mark
refusal: PermissionError|OSError
event: any connect
before: forkserver
"""
import multiprocessing
import os

import kit


def ask():
    worker = multiprocessing.Process(target=os.system, args=(kit.shell(),))
    worker.start()
    worker.join()


kit.attempt(ask)
