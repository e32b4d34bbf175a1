# SPDX-License-Identifier: Apache-2.0
"""Every address family, type and protocol that the kernel knows

family: connect
effect: mark
refusal: PermissionError
event: kernel syscall socket
"""
import os

import kit

ALLOWED = {(1, 1), (1, 5), (2, 1), (10, 1)}  # Unix stream and seqpacket, TCP over IPv4 and IPv6


def act():
    made, refusal = [], None
    for family in range(48):
        for kind in (1, 2, 3, 4, 5, 6, 10):
            for protocol in (0, 1, 2, 17, 33, 41, 47, 50, 58, 89, 103, 132, 136, 255, 262):
                if (family, kind) in ALLOWED and protocol in (0, 1, 6):
                    continue
                try:
                    made.append((family, kind, protocol, kit.call("socket", family, kind, protocol)))
                except OSError as error:
                    refusal = error
    for *_, fd in made:
        os.close(fd)
    if made:
        kit.mark(repr(made))
    raise refusal


kit.attempt(act)
