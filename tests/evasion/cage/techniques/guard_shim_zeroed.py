# SPDX-License-Identifier: Apache-2.0
"""The shim's memory is overwritten with zeros, and then every kind of act

family: guard
effect: mark
refusal: PermissionError|SIGSEGV|SIGABRT|SIGBUS|SIGILL|SIGTRAP
"""
import os
import socket
import subprocess

import kit
import target


def act(function):
    kit.overwrite_shim(b"\0")
    function()


kit.in_child(act, lambda: kit.attempt(os.execv, "/bin/sh", ["sh", "-c", kit.shell()]))
kit.in_child(act, lambda: kit.attempt(subprocess.run, ["/bin/sh", "-c", kit.shell()]))
kit.in_child(act, lambda: kit.attempt(socket.create_connection, ("127.0.0.1", target.TCP)))
kit.in_child(act, lambda: kit.attempt(open, target.OUTSIDE + "/new", "w"))
kit.in_child(act, lambda: kit.attempt(lambda: kit.loot(open(target.KEY).read())))
