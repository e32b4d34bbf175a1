# SPDX-License-Identifier: Apache-2.0
"""open of a private key

family: read
effect: key
refusal: PermissionError
event: hook read
"""
import kit
import target

kit.attempt(lambda: kit.loot(open(target.KEY).read()))  # act
