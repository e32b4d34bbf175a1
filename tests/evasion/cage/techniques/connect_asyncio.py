# SPDX-License-Identifier: Apache-2.0
"""asyncio.open_connection

family: connect
effect: listener
refusal: PermissionError
event: any connect
"""
import asyncio

import kit
import target

kit.attempt(lambda: asyncio.run(asyncio.open_connection("127.0.0.1", target.TCP)))
