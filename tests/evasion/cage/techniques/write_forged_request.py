# SPDX-License-Identifier: Apache-2.0
"""The guard is asked to do it: a request of its own over the shim's channel

family: write
effect: outside
refusal: error 1|error 13|verdict 2
"""
import os
import socket
import struct

import kit
import target

fd = os.open(target.VICTIM_FILE, os.O_PATH)
try:
    channel = socket.socket(fileno=kit.call("connect", -1, 0, 0x48554247))
except OSError:
    os.chmod(target.VICTIM_FILE, 0o777)  # there is no guard to ask
else:
    path, change = target.WORK.encode() + b"/mine", b"chmod 777"
    head = struct.pack("<7Iii2Q4H", 0x47425548, 2, 12, 0, 0, 0, 1, os.getpid(), os.getpid(), 0, 0, len(path), len(change), 0, 0)
    socket.send_fds(channel, [head + path + change], [fd])
    reply = channel.recv(8192)
    kit.got("verdict %d error %d" % (struct.unpack("<I", reply[8:12])[0], struct.unpack("<i", reply[28:32])[0]))
