# SPDX-License-Identifier: Apache-2.0
"""No descriptor is left for a question to the guard

family: guard
effect: listener
refusal: PermissionError|OSError
event: kernel connect
"""
import resource
import socket

import kit
import target

one, other = socket.socket(), socket.socket()
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
kit.attempt(one.connect, ("127.0.0.1", target.TCP))
kit.attempt(kit.bare_call, "connect", other.fileno(), kit.address4(target.TCP), 16)
