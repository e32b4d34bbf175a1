# SPDX-License-Identifier: Apache-2.0
"""Every CPython found on the machine, shared and static builds: imports from a guarded root."""
import subprocess

import pytest
from conftest import BENIGN, PYTHONS

# Run by the interpreter under test, so that the bytecode has its format.
FORGE = """
import importlib.util, marshal, os, sys
source, target, kind, evil = sys.argv[1:]
code = marshal.dumps(compile(evil, source, "exec"))
if kind == "timestamp":
    info = os.stat(source)
    header = bytes(4) + int(info.st_mtime).to_bytes(4, "little") + info.st_size.to_bytes(4, "little")
elif kind == "unchecked":
    header = (1).to_bytes(4, "little") + bytes(8)
elif kind == "bare":
    header = bytes(12)
if target == "cache":
    target = importlib.util.cache_from_source(source)
os.makedirs(os.path.dirname(target), exist_ok=True)
with open(target, "wb") as f:
    f.write(importlib.util.MAGIC_NUMBER + header + code)
"""
IMPORT = """
import sys
sys.path.insert(0, ROOT)
import model
print("result:", model.LABEL, getattr(model, "area", lambda a, b: None)(6, 7))
"""

pytestmark = pytest.mark.parametrize("python", [path for path, _ in PYTHONS], ids=[f"{v}-{p}" for p, v in PYTHONS])


def forge(python, source, target, kind, evil):
    subprocess.run([python, "-c", FORGE, str(source), str(target), kind, evil], check=True)


def test_benign_import_is_the_same(box, python, mode):
    box.write("model.py", BENIGN)
    bare = box.run(IMPORT, "none", python)
    guarded = box.run(IMPORT, mode, python)
    assert (bare.rc, bare.result) == (0, "benign 42")
    assert (guarded.rc, guarded.result) == (0, "benign 42"), guarded.err
    assert [e["verdict"] for e in box.events() if e["type"] == "file" and e["path"].endswith("/model.py")] == ["allow"]


def test_second_import_runs_what_was_scanned(box, python, mode):
    """With hubguard the first run may write bytecode; the second must neither fail nor trust foreign bytecode."""
    source = box.write("model.py", BENIGN)
    for _ in range(2):
        outcome = box.run(IMPORT, mode, python)
        assert (outcome.rc, outcome.result) == (0, "benign 42"), outcome.err
    forge(python, source, "cache", "unchecked", box.evil())
    outcome = box.run(IMPORT, mode, python)
    assert (outcome.rc, outcome.result, box.struck()) == (0, "benign 42", 0), outcome.err


def test_malicious_import_is_blocked(box, python, mode):
    box.write("model.py", box.evil())
    bare = box.run(IMPORT, "none", python)
    assert (bare.result, box.struck()) == ("evil None", 1), bare.err
    box.place.canary.unlink()
    guarded = box.run(IMPORT, mode, python)
    assert guarded.result is None and guarded.rc == 1
    assert guarded.exception[0] == "ImportError", guarded.err
    assert box.struck() == 0


@pytest.mark.parametrize("kind", ["timestamp", "unchecked"])
def test_poisoned_cache_never_runs(box, python, mode, kind):
    source = box.write("model.py", BENIGN)
    forge(python, source, "cache", kind, box.evil())
    bare = box.run(IMPORT, "none", python)
    assert (bare.result, box.struck()) == ("evil None", 1), bare.err
    box.place.canary.unlink()
    forge(python, source, "cache", kind, box.evil())
    guarded = box.run(IMPORT, mode, python)
    assert (guarded.rc, guarded.result) == (0, "benign 42"), guarded.err
    assert box.struck() == 0


def test_bare_bytecode_is_blocked(box, python, mode):
    forge(python, box.root / "model.py", box.root / "model.pyc", "bare", box.evil())
    bare = box.run(IMPORT, "none", python)
    assert (bare.result, box.struck()) == ("evil None", 1), bare.err
    box.place.canary.unlink()
    guarded = box.run(IMPORT, mode, python)
    assert guarded.result is None and guarded.rc == 1
    assert guarded.exception[0] == "ImportError", guarded.err
    assert box.struck() == 0
