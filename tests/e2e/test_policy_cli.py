# SPDX-License-Identifier: Apache-2.0
"""`hubguard policy`: check, show, the search order, bad files; docs/policy.md holds the vocabulary as it is."""
import os
import re
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
HUBGUARD = Path(os.environ.get("HUBGUARD_BUILD", REPO / "build")).resolve() / "hubguard"


@pytest.fixture
def policy(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    env = {"HOME": str(home), "PATH": os.environ["PATH"]}

    def call(*args, **more):
        return subprocess.run([HUBGUARD, "policy", *map(str, args)], capture_output=True, text=True, cwd=tmp_path,
                              env={**env, **more}, timeout=20)

    call.home = home
    return call


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


def one_line(done):
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("hubguard: ") and done.stderr.count("\n") == 1
    return done.stderr


def values(text):
    """{(section, key): (value, origin)} of `policy show`."""
    found, section, key = {}, None, None
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line.startswith(" "):
            value, origin = found[section, key]
            found[section, key] = ((value + " " + line.strip()).strip(), origin)
        elif line and not line.startswith(";"):
            key, rest = line.split(" = ", 1)
            value, origin = rest.split("  ; ", 1)
            found[section, key] = (value.strip(), origin)
    return found


def test_show_says_what_is_not_enforced(policy):
    lines = policy("show").stdout.splitlines()
    for section in ("exec", "net", "fs"):
        assert "not enforced in this version" in lines[lines.index(f"[{section}]") + 1]


def test_check_and_show_of_the_default(policy):
    done = policy("check")
    assert (done.returncode, done.stdout) == (0, "built-in default policy: valid\n")
    shown = values(policy("show").stdout)
    assert shown["scan", "block_at"] == ("high", "built-in default")
    assert shown["guard", "mode"] == ("enforce", "built-in default")
    assert len(shown) == 24 and {origin for _, origin in shown.values()} == {"built-in default"}


def test_show_is_a_policy(policy, tmp_path):
    first = policy("show").stdout
    path = write(tmp_path / "again.ini", first)
    assert policy("check", path).stdout == f"{path}: valid\n"
    second = policy("show", path).stdout
    assert {k: v for k, (v, _) in values(first).items()} == {k: v for k, (v, _) in values(second).items()}


def test_where_each_value_comes_from(policy, tmp_path):
    path = write(tmp_path / "p.ini", "[scan]\n\nmax_size = 3M\n[net]\nallow = none\n")
    shown = values(policy("show", path, HUBGUARD_MODE="observe", HUBGUARD_LOCK="/l").stdout)
    assert shown["scan", "max_size"] == ("3M", f"{path}:3")
    assert shown["net", "allow"] == ("none", f"{path}:5")
    assert shown["guard", "mode"] == ("observe", "HUBGUARD_MODE")
    assert shown["lock", "file"] == ("/l", "HUBGUARD_LOCK")


def test_search_order(policy, tmp_path):
    write(policy.home / ".config/hubguard/policy.ini", "[scan]\nmax_size = 1M\n")
    size = lambda **more: values(policy("show", **more).stdout)["scan", "max_size"][0]  # noqa: E731
    assert size() == "1M"
    xdg = write(tmp_path / "xdg/hubguard/policy.ini", "[scan]\nmax_size = 2M\n").parents[1]
    assert size(XDG_CONFIG_HOME=str(xdg)) == "2M"
    named = write(tmp_path / "named.ini", "[scan]\nmax_size = 3M\n")
    assert size(XDG_CONFIG_HOME=str(xdg), HUBGUARD_POLICY=str(named)) == "3M"
    assert "/nowhere.ini" in one_line(policy("show", HUBGUARD_POLICY="/nowhere.ini"))


def test_never_the_working_directory(policy, tmp_path):
    for name in ("policy.ini", "hubguard/policy.ini", "hubguard.ini", ".hubguard.ini"):
        write(tmp_path / name, "[guard]\nmode = observe\n")
    for more in ({}, {"XDG_CONFIG_HOME": "."}, {"XDG_CONFIG_HOME": ""}):
        assert values(policy("show", **more).stdout)["guard", "mode"] == ("enforce", "built-in default")


def test_message_names_place_and_what_was_meant(policy, tmp_path):
    path = write(tmp_path / "p.ini", "[scan]\nblok_at = high\n")
    assert one_line(policy("check", path)) == (
        f"hubguard: {path}:2: unknown key `blok_at` in [scan]; did you mean `block_at`?\n")
    assert "p.ini:2" in one_line(policy("show", path))


def test_bad_files(policy, tmp_path):
    assert "not a regular file" in one_line(policy("check", tmp_path))
    assert "not a regular file" in one_line(policy("check", "/dev/zero"))
    os.mkfifo(tmp_path / "fifo")
    assert "not a regular file" in one_line(policy("check", tmp_path / "fifo"))
    big = write(tmp_path / "big.ini", "")
    os.truncate(big, 1 << 30)
    assert "larger than" in one_line(policy("check", big))
    loose = write(tmp_path / "loose.ini", "")
    loose.chmod(0o666)
    assert f"chmod go-w {loose}" in one_line(policy("check", loose))
    assert "No such file" in one_line(policy("check", tmp_path / "none.ini"))
    binary = tmp_path / "binary.ini"
    binary.write_bytes(bytes(range(256)) * 100)
    binary.chmod(0o600)
    assert "binary.ini:1: a control character or NUL byte" in one_line(policy("check", binary))


def test_unreadable(policy, tmp_path):
    path = write(tmp_path / "p.ini", "")
    path.chmod(0)
    # Root reads everything, unless it gives that right away: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH.
    drop = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all"] if os.geteuid() == 0 else []
    done = subprocess.run([*drop, HUBGUARD, "policy", "check", path], capture_output=True, text=True)
    assert "Permission denied" in one_line(done)


def test_usage(policy):
    for args in ((), ("sho",), ("show", "a", "b"), ("show", "--x")):
        done = policy(*args)
        assert done.returncode == 2 and done.stdout == "" and done.stderr.startswith("usage: hubguard policy")
    assert policy("--help").returncode == 0


def test_a_full_output_is_an_error(policy):
    with open("/dev/full", "w") as full:
        done = subprocess.run([HUBGUARD, "policy", "show"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2 and "cannot be written" in done.stderr


def test_docs_hold_the_vocabulary(policy):
    text = (REPO / "docs" / "policy.md").read_text()
    assert policy("doc").stdout in text, "docs/policy.md: put the output of `hubguard policy doc` in place of the tables"


def test_examples_in_the_docs_are_valid(policy, tmp_path):
    blocks = re.findall(r"```ini\n(.*?)```", (REPO / "docs" / "policy.md").read_text(), re.S)
    assert blocks
    for i, block in enumerate(blocks):
        done = policy("check", write(tmp_path / f"doc{i}.ini", block))
        assert done.returncode == 0, done.stderr
