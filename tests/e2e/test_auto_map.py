# SPDX-License-Identifier: Apache-2.0
"""A configuration that names the code of another repository: with the real transformers, and under `hubguard scan`."""
import json
import sys

import lab
import pytest
from conftest import blocks

RULE = "HG-HUB-003"
CODE = """from transformers import PretrainedConfig


class TinyConfig(PretrainedConfig):
    model_type = "tiny_elsewhere"
"""
SCRIPT = str(lab.GALLERY / "loaders" / "auto_config.py")


@pytest.fixture
def repositories(new_place, hub, request):
    """Two repositories: elsewhere/code-REQUEST has the code, elsewhere/model-REQUEST a configuration that names it."""
    place = new_place()
    name = request.node.name.replace("[", "-").rstrip("]").replace("_", "-")[:60]
    place.code, place.model = f"elsewhere/code-{name}", f"elsewhere/model-{name}"

    def publish(repository, files):
        folder = place.scratch / "published" / repository
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            (folder / path).write_text(text)
        return hub.add(repository, folder)

    def config(prefix):
        reference = prefix + "configuration_tiny.TinyConfig"
        return json.dumps({"model_type": "tiny_elsewhere", "auto_map": {"AutoConfig": reference}}, indent=2)

    place.publish, place.config = publish, config
    place.env["HF_ENDPOINT"] = hub.url
    place.code_commit = publish(place.code, {"configuration_tiny.py": CODE, "config.json": config("")})
    place.model_commit = publish(place.model, {"config.json": config(f"{place.code}--")})
    place.argv = [sys.executable, SCRIPT, place.model, place.model_commit]
    return place


def findings(place, rule=RULE):
    return [(e, f) for e in place.events() if e["type"] == "file" for f in e["findings"] if f["rule"] == rule]


def banners(outcome):
    return [line for line in outcome.err.splitlines() if line.startswith("hubguard: warning:") and RULE in line]


def policy(place, text):
    path = place.scratch / "policy.ini"
    path.write_text(text)
    path.chmod(0o600)
    return {"HUBGUARD_POLICY": str(path)}


def test_warned_once_and_named_in_the_report(repositories, guarded, mode):
    place = repositories
    outcome = guarded.run(mode, place.argv, place)
    assert (outcome.rc, outcome.result) == (0, "TinyConfig"), outcome.err
    (banner,) = banners(outcome)
    assert place.code in banner and place.model in banner and "CWE-494" in banner and "code_revision" in banner
    guarded.end(place, patience=20)
    found = findings(place)
    # every file of that repository, so that a policy that blocks holds: the snapshot's and the module's
    paths = {event["path"] for event, _ in found}
    assert any("/snapshots/" in path for path in paths) and any("transformers_modules" in path for path in paths)
    for event, finding in found:
        assert (event["repository"], event["revision"]) == (place.code, place.code_commit)
        assert finding["severity"] == "medium" and finding["cwe"] == [494, 829]
        assert finding["evidence"] == f"config.json:4 {place.code}--configuration_tiny.TinyConfig"


def test_the_policy_can_block_it(repositories, guarded, mode):
    place = repositories
    for _ in range(2):  # the second time code and module are in the caches
        outcome = guarded.run(mode, place.argv, place, env=policy(place, "[scan]\nblock_at = medium\n"))
        assert outcome.rc == 1 and outcome.result is None
        kind, text = outcome.exception
        assert kind in ("ImportError", "PermissionError"), outcome.err
        assert RULE in text and place.model in text and "evidence: config.json:4 " in text
        guarded.end(place)


def test_a_second_load_with_everything_cached(repositories, guarded, hub):
    place = repositories
    assert guarded.run("none", place.argv, place).rc == 0
    outcome = guarded.run("run", place.argv, place, env={"HF_HUB_OFFLINE": "1"})
    assert outcome.rc == 0 and len(banners(outcome)) == 1, outcome.err


def test_code_revision_pins_it(repositories, guarded):
    place = repositories
    script = place.scratch / "work" / "pinned.py"
    script.write_text(
        "import sys\nfrom transformers import AutoConfig\n"
        "config = AutoConfig.from_pretrained(sys.argv[1], revision=sys.argv[2], code_revision=sys.argv[3],\n"
        "                                    trust_remote_code=True)\n"
        "print('result:', type(config).__name__)\n"
    )
    argv = [sys.executable, str(script), place.model, place.model_commit, place.code_commit]
    outcome = guarded.run("run", argv, place)
    assert (outcome.rc, outcome.result) == (0, "TinyConfig"), outcome.err
    assert not findings(place) and "hubguard: warning" not in outcome.err


@pytest.mark.parametrize("spelling", ["own-name", "escaped", "behind-nan"])
def test_spellings(repositories, guarded, spelling):
    """A repository that names itself is pinned by `revision`. JSON has other spellings, and Python reads NaN."""
    place = repositories
    text = place.config(f"{place.code}--")
    if spelling == "own-name":
        text = place.config(f"{place.model}--")
    elif spelling == "escaped":
        text = text.replace("auto_map", "auto\\u005fmap").replace("--", "\\u002d\\u002D").replace("/", "\\/")
    else:
        text = text.replace("{\n", '{\n  "eps": NaN, "odd": "\\ud800",\n', 1)
    place.argv[-1] = place.publish(place.model, {"config.json": text, "configuration_tiny.py": CODE})
    outcome = guarded.run("run", place.argv, place)
    assert (outcome.rc, outcome.result) == (0, "TinyConfig"), outcome.err
    assert bool(findings(place)) == (spelling != "own-name")


def test_code_asked_for_by_its_own_name(repositories, guarded):
    place = repositories
    outcome = guarded.run("run", [sys.executable, SCRIPT, place.code, place.code_commit], place)
    assert outcome.rc == 0 and not findings(place) and not blocks(outcome.err), outcome.err


def test_limit_a_configuration_outside_the_hub_caches(repositories, guarded):
    """A directory of one's own is not looked into: `hubguard scan` tells."""
    place = repositories
    folder = place.scratch / "work" / "model"
    folder.mkdir()
    (folder / "config.json").write_text(place.config(f"{place.code}--"))
    outcome = guarded.run("run", [sys.executable, SCRIPT, str(folder), "main"], place)
    assert outcome.rc == 0 and not findings(place), outcome.err
    scan = guarded.run("none", [guarded.command, "scan", "--format", "json", folder], place)
    assert [f["rule"] for f in json.loads(scan.out)["findings"]] == [RULE]


def test_scan_of_the_cache(repositories, guarded):
    place = repositories
    assert guarded.run("none", place.argv, place).rc == 0
    hub = place.scratch / "huggingface" / "hub"
    scan = guarded.run("none", [guarded.command, "scan", "--format", "json", hub], place)
    (found,) = json.loads(scan.out)["findings"]
    assert scan.rc == 0, scan.err
    assert found["rule"] == RULE and found["severity"] == "medium" and found["cwe"] == ["CWE-494", "CWE-829"]
    assert found["file"].endswith("/config.json") and f"--{place.model.split('/')[1]}/snapshots/" in found["file"]
    assert (found["line"], found["evidence"]) == (4, f"{place.code}--configuration_tiny.TinyConfig")
    strict = guarded.run("none", [guarded.command, "scan", hub], place, env=policy(place, "[scan]\nblock_at = medium\n"))
    assert strict.rc == 1
