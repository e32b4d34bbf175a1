# SPDX-License-Identifier: Apache-2.0
"""TCP fast open: sendmsg connects

family: connect
effect: listener
refusal: PermissionError
event: kernel syscall sendmsg
"""
import socket

import kit
import target

kit.attempt(socket.socket().sendmsg, [b"struck"], [], socket.MSG_FASTOPEN, ("127.0.0.1", target.TCP))
