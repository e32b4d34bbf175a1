# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the end-to-end and the evasion tests: the build under test, scratch places, runs with and without hubguard."""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tempfile
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO / "examples"))
import lab  # noqa: E402

VERSIONS = range(8, 14)  # of CPython 3
BENIGN = 'LABEL = "benign"\n\n\ndef area(width, height):\n    """Été."""\n    return width * height\n'


def find_pythons():
    """Every CPython 3.8 to 3.13 on this machine, one for each real file: $PATH, pyenv, Debian's own."""
    names = [f"python3.{minor}" for minor in VERSIONS]
    candidates = [Path(folder) / name for folder in os.environ.get("PATH", "").split(":") if folder for name in names]
    candidates += sorted(Path.home().glob(".pyenv/versions/*/bin/python3.*"))
    candidates += [Path("/usr/bin") / name for name in (*names, "python3")]
    found = {}
    for path in candidates:
        if path.name not in (*names, "python3") or not os.access(path, os.X_OK):
            continue
        probe = "import sys,platform;print(platform.python_implementation(),*sys.version_info[:2],sys.executable)"
        text = subprocess.run([path, "-I", "-c", probe], capture_output=True, text=True).stdout.split()
        if len(text) == 4 and text[0] == "CPython" and text[1] == "3" and int(text[2]) in VERSIONS:
            found.setdefault(os.path.realpath(text[3]), f"3.{text[2]}")
    return sorted(found.items(), key=lambda item: (int(item[1][2:]), item[0]))


PYTHONS = find_pythons()


def pytest_report_header():
    return "pythons: " + ", ".join(f"{version} ({path})" for path, version in PYTHONS)


class Box:
    """One scratch place whose guarded root is HF_MODULES_CACHE, for tests that need no loader."""

    def __init__(self, place, guarded):
        self.place, self.guarded = place, guarded
        self.root = place.modules
        self.work = place.scratch / "work"
        self.outside = place.scratch / "outside"
        self.outside.mkdir()

    def evil(self, mark="evil ran"):
        """Source that a gate must never let start: it marks the canary file, whatever the environment."""
        shell = f"echo {mark} >> {shlex.quote(str(self.place.canary))}"
        return f'import os\nos.system({shell!r})\nLABEL = "evil"\n'

    def allow_shell(self):
        """A policy under which the cage lets evil() strike: for what the gate lets start, and known limits of it."""
        text = f"[exec]\nallow = python /bin/sh\n[fs]\nwrite = cwd tmp cache {self.place.scratch}\n"
        self.place.env["HUBGUARD_POLICY"] = str(self.write("policy.ini", text, under=self.place.scratch / "config"))

    def write(self, name, content, under=None):
        path = (under or self.root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run(self, script, mode="run", python=None, arguments=(), options=(), **kwargs):
        """Run a script (text of a main program; ROOT, WORK, OUTSIDE and CANARY are defined in it)."""
        names = {"ROOT": self.root, "WORK": self.work, "OUTSIDE": self.outside, "CANARY": self.place.canary}
        head = "".join(f"{name} = {str(path)!r}\n" for name, path in names.items())
        main = self.write("main.py", head + script, under=self.work)
        argv = [python or sys.executable, *options, main, *arguments]
        return self.guarded.run(mode, argv, self.place, **kwargs)

    def struck(self):
        return self.place.struck()

    def events(self):
        return self.place.events()


@pytest.fixture(scope="session")
def build():
    folder = Path(os.environ.get("HUBGUARD_BUILD", REPO / "build"))
    for name in ("hubguard", "libhubguard.so"):
        assert (folder / name).exists(), f"{folder / name} is missing: run `make` first"
    return folder


@pytest.fixture(scope="session")
def guarded(build):
    return lab.Guarded(build)


@pytest.fixture(scope="session")
def hub():
    with lab.Hub() as server:
        yield server


@pytest.fixture(scope="session")
def listener():
    with lab.Listener() as server:
        yield server


@pytest.fixture
def new_place(guarded):
    """Makes fresh places; ends the detached guards that they leave behind. They lie beside the build and not in /tmp:
    remote code may write there, so the verdict cache would stay off."""
    made = []

    def make():
        made.append(lab.fresh_place(tempfile.mkdtemp(prefix="test-", dir=guarded.build)))
        return made[-1]

    yield make
    for place in made:
        guarded.end(place)
        shutil.rmtree(place.scratch, ignore_errors=True)


@pytest.fixture
def new_box(new_place, guarded):
    return lambda: Box(new_place(), guarded)


@pytest.fixture
def box(new_box):
    return new_box()


@pytest.fixture
def cached_box(box):
    """A box whose verdict cache is believed: not below a temporary directory, wherever this checkout lies."""
    folder = Path(tempfile.mkdtemp(prefix=".hubguard-test-", dir=Path.home()))
    box.place.env["XDG_CACHE_HOME"] = str(folder)
    box.cache = folder / "hubguard"
    yield box
    box.guarded.end(box.place)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["run", "preload"])
def mode(request):
    return request.param


def blocks(err):
    """The blocks that hubguard printed on stderr: lists of lines, from `hubguard: blocked` to the end of the indent."""
    found, inside = [], False
    for line in err.splitlines():
        if line.startswith("hubguard: blocked "):
            found.append([line])
            inside = True
        elif inside and re.match(r"  \S", line):
            found[-1].append(line)
        else:
            inside = False
    return found
