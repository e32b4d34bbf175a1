# SPDX-License-Identifier: Apache-2.0
"""TCP fast open: sendto connects

family: connect
effect: listener
refusal: PermissionError
event: kernel syscall sendto
"""
import socket

import kit
import target

kit.attempt(socket.socket().sendto, b"struck", socket.MSG_FASTOPEN, ("127.0.0.1", target.TCP))
