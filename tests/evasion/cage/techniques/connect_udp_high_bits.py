# SPDX-License-Identifier: Apache-2.0
"""A UDP socket with rubbish in the upper halves of the registers

family: connect
effect: listener
refusal: PermissionError
event: kernel syscall socket
"""
import kit
import target


def act():
    fd = kit.bare_call("socket", 2 | 7 << 32, 2 | 0x80000 | 1 << 40, 0 | 6 << 33)
    kit.bare_call("sendto", fd, b"struck", 6, 0, kit.address4(target.UDP), 16)


kit.attempt(act)
