# SPDX-License-Identifier: Apache-2.0
"""The guard is ended or stopped from outside, where the cage cannot prevent it. What was refused stays refused."""
import os
import signal
import subprocess
import time

import cage_stage
import pytest
from cage_stage import new_stage, programs  # noqa: F401

ACTS = r"""
import os
import socket
import struct
import subprocess
import sys
import time

import kit
import target

SECONDS = float(open(target.WORK + "/patience").read())
WORDS = kit.strings("sh", "-c", kit.shell())


def connect(family, address):
    sock = socket.socket(family)
    sock.connect(address)
    kit.knock(sock)


def written(name):
    with open(target.OUTSIDE + name, "w") as f:
        f.write("struck")


ACTS = {
    "system": lambda: kit.got(os.system(kit.shell())),
    "subprocess": lambda: subprocess.run(["/bin/sh", "-c", kit.shell()]),
    "execve": lambda: kit.call("execve", b"/bin/sh", WORDS, kit.strings()),
    "execve of ld.so": lambda: kit.call("execve", b"/lib64/ld-linux-x86-64.so.2", kit.strings("ld.so", "/bin/sh", "-c", kit.shell()),
                                        kit.strings()),
    "execve of a program of its own": lambda: kit.call("execve", target.STATIC.encode(), kit.strings("x", target.MARK), kit.strings()),
    "execveat": lambda: kit.call("execveat", -100, b"/bin/sh", WORDS, kit.strings(), 0),
    "connect": lambda: connect(socket.AF_INET, ("127.0.0.1", target.TCP)),
    "connect raw": lambda: kit.call("connect", socket.socket().detach(), kit.address4(target.TCP), 16),
    "connect to the hub": lambda: connect(socket.AF_INET, ("127.0.0.1", target.HUB)),
    "connect to a Unix socket": lambda: connect(socket.AF_UNIX, target.STREAM),
    "datagram": lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"struck", ("127.0.0.1", target.UDP)),
    "fast open": lambda: socket.socket().sendto(b"struck", socket.MSG_FASTOPEN, ("127.0.0.1", target.TCP)),
    "look-up": lambda: socket.getaddrinfo("localhost", 80) and kit.mark(),
    "write": lambda: written("/new"),
    "write raw": lambda: kit.call("creat", (target.OUTSIDE + "/new").encode(), 0o600),
    "chmod": lambda: os.chmod(target.VICTIM_FILE, 0o777),
    "chmod raw": lambda: kit.call("chmod", target.VICTIM_FILE.encode(), 0o777),
    "unlink": lambda: os.unlink(target.VICTIM_FILE),
    "read": lambda: kit.loot(open(target.KEY).read()),
    "read raw": lambda: kit.loot(os.read(kit.call("openat", -100, target.KEY.encode(), 0, 0), 4096)),
    "ptrace": lambda: (kit.call("ptrace", 0x4206, target.VICTIM, 0, 0), kit.mark()),
    "kill": lambda: os.kill(target.VICTIM, 9),
    "io_uring": lambda: kit.Ring() and kit.mark(),
    "unshare": lambda: (kit.call("unshare", 0x10000000), kit.mark()),
    "seccomp": lambda: (kit.call("seccomp", 1, 0, struct.pack("<H6xQ", 0, 0)), kit.mark()),
}
print("ready", flush=True)
sys.stdin.readline()
for name, act in ACTS.items():
    print("act:", name, flush=True)
    kit.in_child(act, seconds=SECONDS)
with open(target.WORK + "/fine", "w") as f:
    f.write("fine")
print("end of acts", flush=True)
"""


def start(stage, mode, patience):
    """The process up to the point where its cage is closed and the acts would begin."""
    (stage.repository / "acts.py").write_text(ACTS)
    (stage.work / "patience").write_text(str(patience))
    argv, options, env = stage.command("acts", mode)
    words, environ = stage.guarded.prefix(mode, {**stage.place.env, **env}, stage.place.report, options)
    child = subprocess.Popen([*words, *map(str, argv)], env=environ, cwd=stage.work, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True, start_new_session=True)
    line = child.stdout.readline()
    assert line == "ready\n", line
    return child


def go(child, timeout=90):
    child.stdin.write("go\n")
    child.stdin.flush()
    seen = []
    deadline = time.monotonic() + timeout
    for line in child.stdout:
        seen.append(line.rstrip("\n"))
        if line == "end\n" or time.monotonic() > deadline:
            break
    return seen


def results(seen):
    found, name = {}, None
    for line in seen:
        if line.startswith("act: "):
            name = line[5:]
            found[name] = []
        elif line.startswith("got: ") and name:
            found[name].append(line[5:])
    return found


REFUSED = ("PermissionError", "OSError", "gaierror", "SIGKILL", "32512", "32256", "FileNotFoundError")


CASES = [("none", 0), ("run", signal.SIGKILL), ("run", signal.SIGSTOP), ("preload", signal.SIGKILL), ("preload", signal.SIGSTOP)]


@pytest.mark.parametrize("mode, number", CASES, ids=lambda value: value if isinstance(value, str) else getattr(value, "name", "bare"))
def test_guard_goes_away(new_stage, mode, number):  # noqa: F811
    stage = new_stage()
    child = start(stage, mode, patience=0.5 if number == signal.SIGSTOP else 20)
    guards = stage.guarded.guards(stage.place) if mode != "none" else []
    try:
        assert bool(guards) == (mode != "none")
        for pid in guards:
            os.kill(pid, number)
        seen = go(child)
        assert "end of acts" in seen, seen
        effects = stage.effects()
        if mode == "none":
            assert set(effects) == {"mark", "listener", "outside", "key", "victim"}, (effects, seen)
            return
        assert effects == {}, (effects, seen)
        met = results(seen)
        for name, lines in met.items():
            allowed = (*REFUSED, "pending") if number == signal.SIGSTOP else REFUSED
            assert any(line.startswith(allowed) for line in lines), (name, lines)
            assert not any(line.startswith("done") for line in lines), (name, lines)
        assert (stage.work / "fine").read_text() == "fine", "what needs no guard goes on"
    finally:
        for pid in guards:
            try:
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


def test_stopped_guard_goes_on(new_stage):  # noqa: F811
    """What waited is decided when the guard goes on, and decided as always."""
    stage = new_stage()
    child = start(stage, "run", 30)
    (guard, *_) = [pid for pid in stage.guarded.guards(stage.place) if pid == child.pid] or stage.guarded.guards(stage.place)
    os.kill(guard, signal.SIGSTOP)
    try:
        child.stdin.write("go\n")
        child.stdin.flush()
        time.sleep(0.5)
        os.kill(guard, signal.SIGCONT)
        out, _ = child.communicate(timeout=90)
    finally:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    seen = out.splitlines()
    assert "end of acts" in seen and "got: pending" not in seen, seen
    effects = stage.effects()
    assert effects == {}, (effects, seen)
    assert "hub" in stage.ears.hits, "the endpoint that is allowed is reached"


LEFT_BEHIND = """
import os
import socket
import time

import kit
import target

if os.fork() == 0:
    os.setsid()
    for fd in (0, 1, 2):
        os.close(fd)
    while os.path.exists(target.WORK + "/wait"):
        time.sleep(0.01)
    met = []
    for act in (
        lambda: kit.call("execve", b"/bin/sh", kit.strings("sh", "-c", kit.shell()), kit.strings()),
        lambda: open(target.OUTSIDE + "/new", "w"),
        lambda: kit.call("connect", socket.socket().detach(), kit.address4(target.TCP), 16),
    ):
        try:
            act()
        except OSError as error:
            met.append(type(error).__name__)
    with open(target.WORK + "/met.part", "w") as f:
        f.write(" ".join(met))
    os.rename(target.WORK + "/met.part", target.WORK + "/met")
    os._exit(0)
"""


def test_what_the_command_leaves_behind(new_stage):  # noqa: F811
    """`hubguard run` ends with its command; a process that stays in the background is in its cage all the same."""
    stage = new_stage()
    (stage.work / "wait").write_text("")
    outcome = stage.run_source(LEFT_BEHIND)
    assert outcome.rc == 0, cage_stage.describe(outcome, stage)
    (stage.work / "wait").unlink()
    until = time.monotonic() + 20
    while not (stage.work / "met").exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert len((stage.work / "met").read_text().split()) == 3
    assert stage.effects() == {}
