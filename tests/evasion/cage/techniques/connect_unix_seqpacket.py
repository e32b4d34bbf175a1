# SPDX-License-Identifier: Apache-2.0
"""A Unix socket of packets outside

family: connect
effect: listener
refusal: PermissionError
event: any connect
"""
import socket

import kit
import target

kit.attempt(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect, target.PACKET)
