# SPDX-License-Identifier: Apache-2.0
"""socket and connect by machine code

family: connect
effect: listener
refusal: PermissionError
event: kernel connect
"""
import kit
import target

fd = kit.bare_call("socket", 2, 1, 0)
kit.attempt(kit.bare_call, "connect", fd, kit.address4(target.TCP), 16)
