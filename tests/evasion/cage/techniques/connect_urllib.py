# SPDX-License-Identifier: Apache-2.0
"""urllib.request.urlopen

family: connect
effect: listener
refusal: PermissionError|URLError
event: hook connect
"""
import urllib.error
import urllib.request

import kit
import target

try:
    urllib.request.urlopen(f"http://127.0.0.1:{target.TCP}/struck", timeout=5).read()  # act
except urllib.error.URLError as error:
    kit.got(error)
except OSError as error:
    kit.got(error)
