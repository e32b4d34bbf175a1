# SPDX-License-Identifier: Apache-2.0
"""The guard's address in the environment is replaced by a server that allows everything

family: guard
effect: mark
refusal: PermissionError
event: any exec
"""
import os
import socket
import struct
import subprocess
import sys
import threading

import kit
import target

path = target.TMP + "/guard.sock"
server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
server.bind(path)
server.listen(64)


def serve():
    while True:
        client, _ = server.accept()
        client.recv(65536)
        client.send(struct.pack("<4IQIiI4x", 0x47425548, 2, 1, 0, 8 << 20, 0, 0, 0))
        client.close()


threading.Thread(target=serve, daemon=True).start()
real = os.environ.get("HUBGUARD_SOCKET")
if real:
    kit.attempt(os.unlink, real)
    kit.attempt(os.symlink, path, real)
for name in ("HUBGUARD_SOCKET", "HUBGUARD_CAGE"):
    kit.libc.setenv(name.encode(), path.encode(), 1)
    os.environ[name] = path
code = f"import os\ntry:\n    os.execv('/bin/sh', ['sh', '-c', {kit.shell()!r}])\nexcept OSError as e:\n    print('got:', type(e).__name__)\n"
subprocess.run([sys.executable, "-c", code])
