# SPDX-License-Identifier: Apache-2.0
"""The guard is asked to connect a socket: a request of its own over the shim's channel

family: guard
effect: listener
refusal: error 13|error 1|verdict 2
event: any connect
"""
import os
import socket
import struct

import kit
import target

sock = socket.socket()
try:
    channel = socket.socket(fileno=kit.call("connect", -1, 0, 0x48554247))
except OSError:
    sock.connect(("127.0.0.1", target.TCP))  # there is no guard to ask
else:
    address = kit.address4(target.TCP).hex().encode()
    head = struct.pack("<7Iii2Q4H", 0x47425548, 2, 10, 0, 0, 0, 1, os.getpid(), os.getpid(), 0, 0, len(address), 0, 0, 0)
    socket.send_fds(channel, [head + address], [sock.fileno()])
    channel.settimeout(5)
    reply = channel.recv(8192)
    kit.got("verdict %d error %d" % (struct.unpack("<I", reply[8:12])[0], struct.unpack("<i", reply[28:32])[0]))
