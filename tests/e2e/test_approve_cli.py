# SPDX-License-Identifier: Apache-2.0
"""`hubguard approve`: what is written, where, and what is refused."""
import hashlib
import json
import os
import re
import resource
import signal
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
HUBGUARD = Path(os.environ.get("HUBGUARD_BUILD", REPO / "build")).resolve() / "hubguard"
SHA = "0123456789abcdef0123456789abcdef01234567"
CODE = b"import os\nprint('hello')\n"
DIGEST = hashlib.sha256(CODE).hexdigest()


@pytest.fixture
def place(tmp_path):
    """A home with a hub cache in it and an empty project directory, and `approve` called there."""
    class Place:
        hf = tmp_path / "hf"
        project = tmp_path / "project"
        lock = project / "hubguard.lock"
        env = {"HOME": str(tmp_path), "HF_HOME": str(hf), "PATH": os.environ["PATH"]}

        def approve(self, *args, **more):
            env = {**self.env, **more.pop("env", {})}
            return subprocess.run([HUBGUARD, "approve", *map(str, args)], cwd=self.project, env=env, capture_output=True,
                                  text=True, timeout=20, **more)

        def entries(self):
            document = json.loads(self.lock.read_text())
            assert document["version"] == 1
            return document["approved"]

    repo = Place.hf / "hub/models--acme--tiny-1.5"
    snapshot = repo / "snapshots" / SHA
    snapshot.mkdir(parents=True)
    (repo / "blobs").mkdir()
    (repo / "blobs/b1").write_bytes(CODE)
    (snapshot / "modeling.py").symlink_to("../../blobs/b1")
    copy = Place.hf / "modules/transformers_modules/acme/tiny_hyphen_1_dot_5" / SHA
    copy.mkdir(parents=True)
    (copy / "modeling.py").write_bytes(CODE + b"# other\n")
    Place.project.mkdir()
    place = Place()
    place.snapshot, place.copy, place.repo = snapshot, copy, repo
    return place


def refused(done):
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("hubguard: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_a_file_of_a_snapshot(place):
    done = place.approve("--why", "read it, \"fine\"", place.snapshot / "modeling.py")
    assert done.returncode == 0, done.stderr
    assert f"approved {DIGEST}  acme/tiny-1.5@{SHA}  modeling.py" in done.stdout
    assert f"written to {place.lock}" in done.stdout
    (entry,) = place.entries()
    assert entry["sha256"] == DIGEST
    assert (entry["repository"], entry["revision"], entry["file"]) == ("acme/tiny-1.5", SHA, "modeling.py")
    assert entry["why"] == 'read it, "fine"'
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry["when"])
    assert re.fullmatch(r"[^@]+@.+", entry["who"])


def test_several_spellings(place):
    elsewhere = place.project / "link.py"
    elsewhere.symlink_to(place.snapshot / "modeling.py")
    other = hashlib.sha256(CODE + b"# other\n").hexdigest()
    done = place.approve(elsewhere, place.copy / "modeling.py", "AB" * 32, place.repo / "blobs/b1")
    assert done.returncode == 0, done.stderr
    entries = place.entries()
    assert [(e["repository"], e["file"], e["sha256"]) for e in entries] == sorted(
        [("", "", "ab" * 32), ("acme/tiny-1.5", "modeling.py", DIGEST), ("acme/tiny-1.5", "modeling.py", other)])


def test_no_path_of_this_machine_is_committed(place):
    mine = place.project / "mine.py"
    mine.write_bytes(CODE)
    local = place.hf / "modules/transformers_modules/local/0123456789abcdef/m.py"
    local.parent.mkdir(parents=True)
    local.write_bytes(CODE)
    assert place.approve(mine, local).returncode == 0
    assert [(e["repository"], e["file"]) for e in place.entries()] == [
        ("", "mine.py"), ("", "transformers_modules/local/0123456789abcdef/m.py")]


def test_the_file_is_stable(place):
    paths = [place.snapshot / "modeling.py", place.copy / "modeling.py", "0" * 64]
    strip = lambda: re.sub(r'"when": "[^"]*"', "", place.lock.read_text())  # noqa: E731
    assert place.approve(*paths).returncode == 0
    first = strip()
    assert place.approve(*reversed(paths)).returncode == 0
    assert strip() == first
    assert first.endswith("]\n}\n")


def test_which_lock_file(place, tmp_path):
    assert place.approve("--lock", "other.lock", "0" * 64).returncode == 0
    assert (place.project / "other.lock").exists() and not place.lock.exists()
    assert place.approve("1" * 64, env={"HUBGUARD_LOCK": str(tmp_path / "env.lock")}).returncode == 0
    assert (tmp_path / "env.lock").exists()
    policy = tmp_path / "p.ini"
    policy.write_text(f"[lock]\nfile = {tmp_path}/policy.lock\n")
    policy.chmod(0o600)
    assert place.approve("2" * 64, env={"HUBGUARD_POLICY": str(policy)}).returncode == 0
    assert (tmp_path / "policy.lock").exists()
    assert place.approve("--policy", policy, "3" * 64).returncode == 0
    assert len(json.loads((tmp_path / "policy.lock").read_text())["approved"]) == 2


def test_not_under_a_guarded_root(place):
    for folder in (place.hf / "hub", place.snapshot, place.hf / "modules"):
        text = refused(place.approve("--lock", folder / "hubguard.lock", "0" * 64))
        assert "guarded directory" in text and not (folder / "hubguard.lock").exists()
    subprocess.run(["ln", "-s", place.snapshot, place.project / "way"], check=True)
    assert "guarded directory" in refused(place.approve("--lock", "way/hubguard.lock", "0" * 64))


def test_what_cannot_be_approved(place):
    fifo = place.project / "fifo"
    os.mkfifo(fifo)
    big = place.project / "big.py"
    big.touch()
    os.truncate(big, 1 << 30)
    for path, message in ((place.snapshot, "is a directory; name the files"), (fifo, "not a regular file"),
                          ("/dev/zero", "not a regular file"), (big, "larger than [scan] max_size"),
                          (place.project / "none.py", "No such file"), ("abc", "No such file")):
        assert message in refused(place.approve(place.snapshot / "modeling.py", path))
        assert not place.lock.exists()  # all or nothing


def test_a_file_named_like_a_digest_is_a_file(place):
    (place.project / ("0" * 64)).write_bytes(CODE)
    assert place.approve("0" * 64).returncode == 0
    assert [e["sha256"] for e in place.entries()] == [DIGEST]


def test_a_broken_lock_is_left_alone(place):
    for text in ("{", "[]", '{"version": 1, "approved": [], "x": 1}', "\0"):
        place.lock.write_text(text)
        assert str(place.lock) in refused(place.approve("0" * 64))
        assert place.lock.read_text() == text
    place.lock.write_text('{"version": 1, "approved": []}')
    place.lock.chmod(0o666)
    assert "everybody may write it" in refused(place.approve("0" * 64))


def test_a_full_disk_loses_nothing(place):
    assert place.approve("0" * 64).returncode == 0
    before = place.lock.read_text()

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))

    assert "the old file is as it was" in refused(place.approve("1" * 64, preexec_fn=limit))
    assert place.lock.read_text() == before
    assert os.listdir(place.project) == ["hubguard.lock"]


def test_odd_names_and_reasons(place):
    odd = place.project / "a\nb.py"
    odd.write_bytes(CODE)
    assert "control character" in refused(place.approve(odd))
    assert "control character" in refused(place.approve("--why", "a\nb", "0" * 64))
    assert "longer than" in refused(place.approve("--why", "x" * 5000, "0" * 64))
    dashed = place.project / "-x.py"
    dashed.write_bytes(CODE)
    assert place.approve("--", "-x.py").returncode == 0


def test_usage(place):
    assert "name at least one file" in refused(place.approve())
    assert "unknown option --what" in refused(place.approve("--what", "0" * 64))
    assert "--lock needs a value" in refused(place.approve("--lock"))
    assert place.approve("--help").returncode == 0
