# SPDX-License-Identifier: Apache-2.0
"""Ways out of the cage, tried one by one. Each file of techniques/ is the body of a module in a hostile repository; its act is
first shown to have its effect without hubguard, then tried under a policy that lets everything start to run."""
import re
import subprocess
import sys

import cage_stage
import pytest
import table

TECHNIQUES = cage_stage.techniques()


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    return cage_stage.build_programs(tmp_path_factory.mktemp("programs"))


@pytest.fixture
def new_stage(new_place, guarded, programs):
    made = []

    def make():
        made.append(cage_stage.Stage(new_place(), guarded, programs))
        return made[-1]

    yield make
    for stage in made:
        stage.close()


def describe(outcome, stage):
    acts = [event for event in stage.place.events() if event["type"] in ("act", "cage", "warning")]
    return f"exit {outcome.rc}\n{outcome.out}\n{outcome.err}\n" + "\n".join(map(str, acts))


def ran_to_its_end(outcome, stage):
    skipped = re.search(r"^skip: (.*)", outcome.out, re.M)
    if skipped:
        pytest.skip(skipped.group(1))
    assert outcome.rc == 0 and "end" in outcome.out.splitlines(), describe(outcome, stage)


def matches(event, kind, technique):
    """Is this the event that the header promises? `kind`: "LAYER ACT", or "LAYER syscall NAME"; a layer `any` is either."""
    layer, act, *syscall = kind.split()
    if event["type"] != "act" or event["verdict"] != "refuse" or event["act"] != act or layer not in ("any", event["layer"]):
        return False
    if syscall and event["syscall"] not in syscall[0].split("|"):
        return False
    if layer != "hook":
        return True
    at = event["file"], event["line"]
    return event["repository"] == cage_stage.REPOSITORY and event["revision"] == cage_stage.REVISION and at in [
        (f"{technique.name}.py", line) for line in technique.act_lines
    ]


@pytest.mark.parametrize("technique", TECHNIQUES, ids=lambda technique: technique.name)
def test_technique(technique, new_stage):
    bare = new_stage()
    outcome = bare.run(technique, "none")
    ran_to_its_end(outcome, bare)
    seen = bare.wait_for(technique.effect)
    assert technique.effect in seen, f"without hubguard it has no effect\n{describe(outcome, bare)}"

    caged = new_stage()
    outcome = caged.run(technique, "run")
    assert caged.effects() == {}, describe(outcome, caged)
    ran_to_its_end(outcome, caged)
    closed = [event for event in caged.place.events() if event["type"] == "cage"]
    assert closed and {event["verdict"] for event in closed} == {"closed"}, describe(outcome, caged)
    met = cage_stage.got(outcome)
    assert any(re.search(rf"\b({technique.refusal})\b", line) for line in met), f"met {met}\n{describe(outcome, caged)}"
    if technique.event:
        assert any(matches(event, technique.event, technique) for event in caged.place.events()), describe(outcome, caged)


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
