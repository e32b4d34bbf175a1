# SPDX-License-Identifier: Apache-2.0
"""http.client posts a key

family: connect
effect: listener
refusal: PermissionError
event: hook connect
"""
import http.client

import kit
import target

client = http.client.HTTPConnection("127.0.0.1", target.TCP, timeout=5)
try:
    client.request("POST", "/struck", "key")  # act
    client.getresponse()
except http.client.HTTPException as error:
    kit.got(error)
except OSError as error:
    kit.got(error)
