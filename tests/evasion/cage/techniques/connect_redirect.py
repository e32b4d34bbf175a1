# SPDX-License-Identifier: Apache-2.0
"""A library of the user's is told to go elsewhere by a proxy variable

family: connect
effect: listener
refusal: PermissionError|URLError
event: any connect
"""
import os
import urllib.error
import urllib.request

import kit
import target

os.environ["http_proxy"] = f"http://127.0.0.1:{target.TCP}"
os.environ.pop("no_proxy", None)


def after():
    """As the user's own code would ask the hub."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{target.HUB}/api", timeout=5)
    except urllib.error.URLError as error:
        kit.got(error)
    except OSError as error:
        kit.got(error)
