# SPDX-License-Identifier: Apache-2.0
"""The guard is asked to change a file: a request of its own over the shim's channel

family: write
effect: outside
refusal: verdict 2 error 13
event: any attr|write
"""
import os

import kit
import target

fd = os.open(target.VICTIM_FILE, os.O_PATH)
try:
    kit.channel().close()
except OSError:
    os.chmod(target.VICTIM_FILE, 0o777)  # there is no guard to ask
else:
    for name in (target.VICTIM_FILE, target.WORK + "/mine"):
        kit.got("verdict %d error %d" % kit.ask("ATTR", name, "chmod 777", fd))
