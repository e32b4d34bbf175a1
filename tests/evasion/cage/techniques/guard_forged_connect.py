# SPDX-License-Identifier: Apache-2.0
"""The guard is asked to connect a socket: a request of its own over the shim's channel

family: guard
effect: listener
refusal: verdict 2 error 13
event: any connect
"""
import socket

import kit
import target

sock = socket.socket()
try:
    kit.channel().close()
except OSError:
    sock.connect(("127.0.0.1", target.TCP))  # there is no guard to ask
else:
    kit.got("verdict %d error %d" % kit.ask("CONNECT", kit.address4(target.TCP).hex(), fd=sock.fileno()))
