# SPDX-License-Identifier: Apache-2.0
"""The interpreter's list of audit hooks is emptied, and then connect

family: guard
effect: listener
refusal: PermissionError
event: any connect
"""
import socket

import kit
import target

kit.unlink_audit_hooks()
kit.attempt(socket.socket().connect, ("127.0.0.1", target.TCP))
