# SPDX-License-Identifier: Apache-2.0
"""Files that are no files, and bytes that no parser likes: a decision in bounded time and memory, never a crash."""
import os
import socket

import pytest

IMPORT = "import sys\nsys.path.insert(0, ROOT)\nimport payload\n"

NOT_FILES = {
    "fifo": lambda p: os.mkfifo(p),
    "directory": lambda p: p.mkdir(),
    "device": lambda p: p.symlink_to("/dev/zero"),
    "proc": lambda p: p.symlink_to("/proc/self/environ"),
    "socket": lambda p: socket.socket(socket.AF_UNIX).bind(os.path.relpath(p)),
    "dangling-link": lambda p: p.symlink_to("nowhere"),
    "link-loop": lambda p: p.symlink_to(p.name),
}


@pytest.mark.parametrize("kind", NOT_FILES)
def test_not_a_regular_file(box, mode, kind, monkeypatch):
    """Bounded time, an error, and the process goes on."""
    monkeypatch.chdir(box.root)
    NOT_FILES[kind](box.root / "payload.py")
    script = """
import sys
sys.path.insert(0, ROOT)
for act in (lambda: open(ROOT + "/payload.py", "rb").read(1 << 20), lambda: __import__("payload")):
    try:
        act()
        print("went through")
    except Exception as e:
        print(type(e).__name__)
import json
print("result:", json.dumps([1]))
"""
    outcome = box.run(script, mode, timeout=60)
    assert (outcome.rc, outcome.result) == (0, "[1]"), outcome.err
    if kind != "proc":  # a text file, as far as anybody can tell
        assert "went through" not in outcome.out


BAD_BYTES = {
    "brackets": b"x = " + b"(" * 100_000 + b")" * 100_000 + b"\n",
    "brackets-of-a-call": b"f(" * 100_000 + b")" * 100_000 + b"\n",
    "unary": b"x = " + b"-" * 100_000 + b"1\n",
    "indents": b"".join(b" " * i + b"if 1:\n" for i in range(2000)) + b" " * 2000 + b"pass\n",
    "long-line": b"x = '" + b"a" * 4_000_000 + b"'\n",
    "nuls": b"x = 1\n\0\0\0import os\n",
    "only-nuls": bytes(4096),
    "invalid-utf8": b"x = '\xff\xfe\xfa'\n",
    "truncated-utf8": b"x = 1 # \xe2\x82",
    "byte-order-marks": b"\xff\xfex\0=\x001\0\n\0",
    "unknown-coding": b"# -*- coding: no-such-codec -*-\nx = 1\n",
    "unterminated-string": b'x = """' + b"\n" * 100_000,
    "f-string-nest": b"x = " + b"f'{" * 5000 + b"1" + b"}'" * 5000 + b"\n",
    "empty": b"",
}


@pytest.mark.parametrize("kind", BAD_BYTES)
def test_bad_bytes_are_a_decision_in_bounded_time(box, mode, kind):
    box.write("payload.py", BAD_BYTES[kind])
    script = """
import subprocess, sys, time
sys.path.insert(0, ROOT)
start = time.monotonic()
try:
    open(ROOT + "/payload.py", "rb").read()
except OSError as e:
    assert "hubguard" in str(e), e
code = "import sys; sys.path.insert(0, sys.argv[1])\\ntry:\\n import payload\\nexcept Exception as e:\\n print(type(e).__name__, str(e)[:90])"
child = subprocess.run([sys.executable, "-c", code, ROOT], capture_output=True, text=True)
print("child:", child.returncode, child.stdout, child.stderr[-300:])
import json
print("result:", json.dumps([1]), time.monotonic() - start < 30)
"""
    bare = box.run(script, "none")
    assert bare.result == "[1] True"
    outcome = box.run(script, mode, timeout=90)
    assert (outcome.rc, outcome.result) == (0, "[1] True"), outcome.out + outcome.err


def test_one_gigabyte(box, mode):
    with open(box.root / "payload.py", "wb") as f:
        f.write(box.evil().encode())
        f.truncate(1 << 30)
    script = """
import resource, sys, time
start = time.monotonic()
sys.path.insert(0, ROOT)
try:
    import payload
except ImportError as e:
    print(str(e)[:300])
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
print("result:", memory < 200, time.monotonic() - start < 20)
"""
    outcome = box.run(script, mode, timeout=60)
    assert outcome.result == "True True", outcome.out + outcome.err
    assert "hubguard: blocked" in outcome.out and box.struck() == 0


def test_one_gigabyte_works_without(box):
    """The attack of the test before, in a size that Python reads in a blink: comment after payload."""
    box.write("payload.py", box.evil() + "#" * (9 << 20) + "\n")
    assert box.run(IMPORT, "none").rc == 0 and box.struck() == 1
    box.place.canary.unlink()
    outcome = box.run(IMPORT, "run")
    assert outcome.exception[0] == "ImportError" and box.struck() == 0


def test_growing_file(box, mode):
    box.write("payload.py", 'LABEL = "benign"\n')
    script = """
import os, sys, threading, time
sys.path.insert(0, ROOT)
sys.dont_write_bytecode = True
done = False
def grow():
    with open(ROOT + "/payload.py", "ab", buffering=0) as f:
        while not done:
            f.write(b"# more\\n" * 50)
t = threading.Thread(target=grow)
t.start()
start = time.monotonic()
tries = 0
while time.monotonic() - start < 2:
    sys.modules.pop("payload", None)
    try:
        import payload
    except Exception as e:
        pass
    tries += 1
done = True
t.join()
print("result:", tries > 0, time.monotonic() - start < 20)
"""
    outcome = box.run(script, mode, timeout=60)
    assert (outcome.rc, outcome.result) == (0, "True True"), outcome.err
