# SPDX-License-Identifier: Apache-2.0
"""Ways out of the cage, tried one by one. Each file of techniques/ is the body of a module in a hostile repository; its act is
first shown to have its effect without hubguard, then tried under a policy that lets everything start to run."""
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import cage_stage
import pytest
import table
from cage_stage import new_stage, programs  # noqa: F401
from conftest import PYTHONS

TECHNIQUES = cage_stage.techniques()


def ran_to_its_end(outcome, stage):
    skipped = re.search(r"^skip: (.*)", outcome.out, re.M)
    if skipped:
        pytest.skip(skipped.group(1))
    assert outcome.rc == 0 and "end" in outcome.out.splitlines(), cage_stage.describe(outcome, stage)


def matches(event, kind, technique):
    """Is this the event that the header promises? `kind`: "LAYER ACT", or "LAYER syscall NAME"; a layer `any` is either."""
    layer, act, *syscall = kind.split()
    if event["type"] != "act" or event["verdict"] != "refuse" or event["act"] not in act.split("|") or layer not in ("any", event["layer"]):
        return False
    if syscall and event["call"] not in syscall[0].split("|"):
        return False
    if layer != "hook":
        return True
    at = event["file"], event["line"]
    return event["repository"] == cage_stage.REPOSITORY and event["revision"] == cage_stage.REVISION and at in [
        (f"{technique.name}.py", line) for line in technique.act_lines
    ]


@pytest.mark.parametrize("technique", TECHNIQUES, ids=lambda technique: technique.name)
def test_technique(technique, new_stage):  # noqa: F811
    def run(mode):
        stage = new_stage()
        return stage, stage.run(technique, mode)

    with ThreadPoolExecutor(1 if technique.alone else 2) as pool:
        (bare, outcome), (caged, with_hubguard) = pool.map(run, ("none", "run"))
    ran_to_its_end(outcome, bare)
    seen = bare.wait_for(technique.effect)
    assert technique.effect in seen, f"without hubguard it has no effect\n{cage_stage.describe(outcome, bare)}"

    outcome = with_hubguard
    assert caged.effects() == {}, cage_stage.describe(outcome, caged)
    ran_to_its_end(outcome, caged)
    closed = next(event for event in caged.place.events() if event["type"] == "cage")
    assert closed["verdict"] == "closed", cage_stage.describe(outcome, caged)
    (summary,) = [event for event in caged.place.events() if event["type"] == "summary"]
    assert any(what.startswith("seccomp cage") for what in summary["in_force"]), cage_stage.describe(outcome, caged)
    met = cage_stage.got(outcome)
    assert any(re.search(rf"\b({technique.refusal})\b", line) for line in met), f"met {met}\n{cage_stage.describe(outcome, caged)}"
    if technique.event:
        assert any(matches(event, technique.event, technique) for event in caged.place.events()), cage_stage.describe(outcome, caged)


ESSENCE = ["exec_raw", "exec_os_system", "connect_socket", "connect_raw", "write_in_a_deaf_thread", "read_open"]


def held(technique, stage, mode, python=None):
    outcome = stage.run(technique, mode, python=python)
    assert stage.effects() == {}, cage_stage.describe(outcome, stage)
    ran_to_its_end(outcome, stage)
    met = cage_stage.got(outcome)
    assert any(re.search(rf"\b({technique.refusal})\b", line) for line in met), cage_stage.describe(outcome, stage)


@pytest.mark.parametrize("technique", [t for t in TECHNIQUES if t.name in ESSENCE], ids=lambda technique: technique.name)
def test_preload(technique, new_stage):  # noqa: F811
    held(technique, new_stage(), "preload")


@pytest.mark.parametrize("python, version", PYTHONS, ids=[f"{version}-{path}" for path, version in PYTHONS])
def test_every_python(python, version, new_stage):  # noqa: F811
    for technique in TECHNIQUES:
        if technique.name in ESSENCE:
            held(technique, new_stage(), "run", python)


def test_table_in_the_documentation():
    text = (cage_stage.HERE.parents[2] / "docs" / "security.md").read_text()
    begin, end = table.MARKERS
    assert text.count(begin) == text.count(end) == 1
    assert text.partition(begin)[2].partition(end)[0].strip() == table.markdown().strip(), (
        f"stale: put the output of {sys.executable} tests/evasion/cage/table.py there"
    )


def test_table_runs_by_itself():
    printed = subprocess.run([sys.executable, table.__file__], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == table.markdown().strip()
