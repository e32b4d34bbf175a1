# SPDX-License-Identifier: Apache-2.0
"""`make install`: the two files find each other where a package would put them, without the build tree."""
import os
import shutil
import stat
import subprocess
import sys
import tempfile

import pytest

from conftest import BENIGN, REPO, Box
import lab

IMPORT = "import os, sys\nsys.path.insert(0, ROOT)\nimport payload\nprint('result:', payload.LABEL, os.environ['LD_PRELOAD'])\n"


def make(build, destdir, target):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "DESTDIR", "PREFIX"))}
    words = ["make", "-s", f"BUILD={os.path.relpath(build, REPO)}", f"DESTDIR={destdir}", "PREFIX=/usr", target]
    subprocess.run(words, cwd=REPO, env=env, check=True, timeout=300)


@pytest.fixture(scope="module")
def destdir(build):
    folder = tempfile.mkdtemp(prefix="install-", dir=build)
    make(build, folder, "install")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def installed(destdir):
    guarded = lab.Guarded(os.path.join(destdir, "usr/bin"))
    guarded.shim = guarded.build.parent / "lib/hubguard/libhubguard.so"
    return guarded


@pytest.fixture
def box(installed, destdir):
    place = lab.fresh_place(tempfile.mkdtemp(prefix="test-", dir=os.path.dirname(destdir)))
    yield Box(place, installed)
    installed.end(place)
    shutil.rmtree(place.scratch)


def files(folder):
    found = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]
    return {os.path.relpath(path, folder): stat.S_IMODE(os.stat(path).st_mode) for path in found}


def test_what_is_installed_and_removed(build, destdir, tmp_path):
    expected = {"usr/bin/hubguard": 0o755, "usr/lib/hubguard/libhubguard.so": 0o755}
    assert files(destdir) == expected
    make(build, tmp_path, "install")
    assert files(tmp_path) == expected
    make(build, tmp_path, "uninstall")
    assert files(tmp_path) == {}


def test_benign_loads(box, installed, mode):
    box.write("payload.py", BENIGN)
    outcome = box.run(IMPORT, mode)
    assert (outcome.rc, outcome.result) == (0, f"benign {installed.shim}"), outcome.err
    assert [event["verdict"] for event in box.events() if event["type"] == "file"] == ["allow"]


def test_evil_is_blocked(box, mode):
    box.write("payload.py", box.evil())
    assert box.run(IMPORT, "none", env={"LD_PRELOAD": ""}).result.startswith("evil") and box.struck() == 1
    outcome = box.run(IMPORT, mode)
    assert outcome.exception[0] == "ImportError" and "HG-PY-001" in outcome.exception[1], outcome.err
    assert box.struck() == 1


def test_the_shim_starts_the_installed_guard(box, installed):
    box.write("payload.py", BENIGN)
    script = IMPORT + "sys.stdout.flush()\nsys.stdin.read()\n"
    words, env = installed.prefix("preload", box.place.env)
    main = box.write("main.py", f"ROOT = {str(box.root)!r}\n" + script, under=box.work)
    with subprocess.Popen([*words, sys.executable, str(main)], env=env, cwd=box.work, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == f"result: benign {installed.shim}\n"
        assert len(installed.guards(box.place)) >= 1  # they are looked for by the path of the installed program
        child.stdin.close()


def test_commands_that_read_no_build_tree(box, installed):
    for words in (["rules", "list"], ["policy", "check"], ["doctor"], ["--version"]):
        run = subprocess.run([installed.command, *words], env=box.place.env, cwd="/", capture_output=True, text=True, timeout=60)
        assert run.returncode == 0 and run.stdout, (words, run.stderr)
