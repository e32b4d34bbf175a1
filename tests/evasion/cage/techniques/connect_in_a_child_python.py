# SPDX-License-Identifier: Apache-2.0
"""A child Python with an empty environment, isolated, that connects by ctypes

family: connect
effect: listener
refusal: PermissionError|13|1
event: any connect
"""
import subprocess
import sys

import kit
import target

code = f"""
import ctypes, socket
libc = ctypes.CDLL("libc.so.6", use_errno=True)
sock = socket.socket()
print("got: result", libc.connect(sock.fileno(), {kit.address4(target.TCP)!r}, 16), ctypes.get_errno())
"""
subprocess.run([sys.executable, "-I", "-S", "-c", code], env={})
