# SPDX-License-Identifier: Apache-2.0
"""The real transformers and the real torch.hub, against the stand-in hub."""
import hashlib
import os
import re
import shlex
import subprocess

import lab
import pytest
from conftest import blocks

CASES = {case.token: case for case in lab.CASES}


@pytest.fixture
def load(new_place, guarded, hub, listener):
    """load(case, mode) runs the loader of a gallery case in a fresh place; load(..., place=p) does so again."""

    def run(name, mode, place=None, env=None, policy=None):
        if place is None:
            place = new_place()
            if policy:
                place.env["HUBGUARD_POLICY"] = str(place.scratch / "policy.ini")
                (place.scratch / "policy.ini").write_text(policy.format(scratch=place.scratch))
            place.argv = lab.prepare(CASES[name], place, hub, listener, f"test.{name}.{mode}")
        outcome = guarded.run(mode, place.argv, place, env=env)
        return place, outcome

    return run


def git_blob(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


# --- the stand-in hub is what the client takes it for ---------------------------------------------------------


def test_hub_caches_as_the_real_one(load):
    """Blobs under their git names, snapshot links, refs: so what is read off the cache is read off a real cache."""
    place, outcome = load("benign-model", "none")
    assert outcome.rc == 0, outcome.err
    repository = place.scratch / "huggingface" / "hub" / "models--gallery--benign-model"
    (snapshot,) = (repository / "snapshots").iterdir()
    assert re.fullmatch("[0-9a-f]{40}", snapshot.name)
    for path in snapshot.glob("*.py"):
        assert path.is_symlink() and os.path.basename(os.readlink(path)) == git_blob(path.read_bytes())
    assert (place.modules / "transformers_modules" / "gallery").is_dir()


# --- benign ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["benign-model", "benign-tokenizer", "benign-torchhub"])
def test_benign_load_is_the_same(load, name):
    _, bare = load(name, "none")
    assert bare.rc == 0 and bare.result, bare.err
    for mode in ("run", "preload"):
        place, outcome = load(name, mode)
        assert (outcome.rc, outcome.result) == (0, bare.result), outcome.err
        assert not blocks(outcome.err)
        judged = [e for e in place.events() if e.get("verdict") == "allow"]
        assert judged, "nothing was judged: was hubguard there at all?"


def test_second_load_works_offline_and_the_same(load, hub, mode):
    place, first = load("benign-model", mode)
    assert first.rc == 0, first.err
    asked = len(hub.requests)
    _, second = load("benign-model", mode, place=place, env={"HF_HUB_OFFLINE": "1"})
    assert (second.rc, second.result) == (0, first.result), second.err
    assert len(hub.requests) == asked


# --- malicious ------------------------------------------------------------------------------------------------

BLOCKED = [
    ("os-system", "configuration_gallery.py", 6),
    ("torchhub-hubconf", "hubconf.py", 6),
]


@pytest.mark.parametrize("name, file, line", BLOCKED, ids=[b[0] for b in BLOCKED])
def test_blocked_load_says_what_and_how_to_allow_it(load, mode, name, file, line):
    bare_place, bare = load(name, "none")
    assert bare_place.struck() == 1, bare.err
    place, outcome = load(name, mode)
    kind, text = outcome.exception
    assert place.struck() == 0 and outcome.rc == 1
    assert kind in ("ImportError", "PermissionError"), outcome.err
    revision = lab.REF if CASES[name].torch_hub else place.argv[-1][:12]
    assert text.splitlines()[0] == f"hubguard: blocked gallery/{name}@{revision} {file}:{line}"
    assert re.search(r"\bHG-[A-Z]+-\d+\b", text)
    assert re.search(r"\bCWE-78\b", text)
    assert "hubguard approve " in text
    # stderr: the block once, in at most eight lines, apart from the traceback
    (printed,) = blocks(outcome.err)
    assert 2 <= len(printed) <= 8
    assert printed == text.splitlines()


# Approved bytes run, in the cage: what they do must be allowed as well.
SHELL = "[exec]\nallow = python /bin/sh\n[fs]\nwrite = cwd tmp cache {scratch}\n"


@pytest.mark.parametrize("name", ["os-system", "torchhub-hubconf"])
def test_approve_the_bytes_with_the_command_of_the_message(load, guarded, mode, name):
    place, outcome = load(name, mode, policy=SHELL)
    _, text = outcome.exception
    command = re.search(r"to allow exactly these bytes: (\S*hubguard approve [^\n]*)", text).group(1)
    guarded.end(place)
    approved = subprocess.run(
        shlex.split(command), env=place.env, cwd=place.scratch / "work", capture_output=True, text=True
    )
    assert approved.returncode == 0, approved.stderr
    lock = place.scratch / "work" / "hubguard.lock"
    source = place.repo / text.splitlines()[0].split()[-1].split(":")[0]
    assert hashlib.sha256(source.read_bytes()).hexdigest() in lock.read_text()
    _, again = load(name, mode, place=place)
    assert again.rc == 0 and again.result, again.err
    assert place.struck() == 1
    guarded.end(place)
    # exactly these bytes: one more space is not approved
    target = source
    if not CASES[name].torch_hub:
        (target,) = (place.modules / "transformers_modules").rglob("configuration_gallery.py")
    target.write_text(target.read_text() + " \n")
    _, third = load(name, mode, place=place)
    assert place.struck() == 1 and third.exception[0], third.err


def test_relative_import_is_gated_too(load, new_place, guarded, hub, listener, mode):
    """The entry file is harmless, the file that it imports is not."""
    place = new_place()
    place.argv = lab.prepare(CASES["benign-model"], place, hub, listener, "relative")
    layers = place.repo / "layers_tiny_numbers.py"
    layers.write_text(layers.read_text() + '\nimport os\n\nos.system(\'echo ran >> "$GALLERY_CANARY"\')\n')
    place.argv[-2:] = ["gallery/relative", hub.add("gallery/relative", place.repo)]
    bare = guarded.run("none", place.argv, place)
    assert bare.rc == 0 and place.struck() > 0, bare.err
    place.canary.unlink()
    other = new_place()
    other.env["HF_ENDPOINT"] = hub.url
    outcome = guarded.run(mode, place.argv, other)
    assert other.struck() == 0 and outcome.exception[0], outcome.err
    assert "layers_tiny_numbers.py:" in outcome.exception[1].splitlines()[0]


# --- the report -----------------------------------------------------------------------------------------------

FIELDS = {"version", "time", "repository", "revision", "path", "sha256", "verdict", "findings", "pid", "layer"}


def test_report_names_each_decision_and_what_was_in_force(load, guarded, mode):
    place, outcome = load("os-system", mode)
    revision = place.argv[-1]
    guarded.end(place, patience=20)
    events = place.events()
    assert events[0]["type"] == "start"
    files = [e for e in events if e["type"] == "file"]
    assert files and all(FIELDS <= e.keys() for e in files)
    blocked = [e for e in files if e["verdict"] == "block"]
    assert blocked, events
    source = (place.repo / "configuration_gallery.py").read_bytes()
    event = blocked[0]
    assert event["repository"] == "gallery/os-system" and event["revision"] == revision
    assert event["path"].endswith("configuration_gallery.py")
    assert event["sha256"] == hashlib.sha256(source).hexdigest()
    assert isinstance(event["pid"], int) and event["layer"]
    assert any(f["rule"].startswith("HG-") and f["line"] == 6 for f in event["findings"])
    summary = events[-1]
    assert summary["type"] == "summary"
    assert any(text.startswith("gate") for text in summary["in_force"])
    cage = {entry["what"]: entry["why"] for entry in summary["not_in_force"]}
    assert cage.keys() >= {"seccomp cage", "landlock"} and "no remote code ran" in cage["seccomp cage"]
    assert summary["counts"]["block"] == len(blocked)


def test_exit_status_and_streams_are_the_commands_own(box):
    outcome = box.run("import sys\nprint('result: out')\nprint('err', file=sys.stderr)\nsys.exit(7)\n", "run")
    said = [line for line in outcome.err.splitlines() if "verdict cache" not in line]
    assert (outcome.rc, outcome.result, said) == (7, "out", ["err"])
    outcome = box.run("import os\nos.kill(os.getpid(), 15)\n", "run")
    assert outcome.rc in (143, -15)


def test_nothing_guarded_means_nothing_done(box, mode):
    """A process that meets no guarded file leaves no cache and no guard behind."""
    outcome = box.run("import json\nprint('result:', json.dumps([1]))\n", mode)
    assert (outcome.rc, outcome.result, outcome.err) == (0, "[1]", "")
    if mode == "preload":
        assert box.guarded.guards(box.place) == []
        assert not (box.place.scratch / "cache" / "hubguard").exists()
