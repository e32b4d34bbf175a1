# SPDX-License-Identifier: Apache-2.0
"""A repository must not be able to approve itself."""
import hashlib
import json


def lock_of(path):
    entry = {
        "repository": "", "revision": "", "file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "who": "somebody", "when": "2026-01-01T00:00:00Z", "why": "",
    }
    return json.dumps({"version": 1, "approved": [entry]})


IMPORT = "import sys\nsys.path.insert(0, ROOT)\nimport payload\n"


def test_approval_works_from_the_working_directory(box, mode):
    """The counter-test: the same lock, at a place that is the user's."""
    box.allow_shell()
    path = box.write("payload.py", box.evil())
    box.write("hubguard.lock", lock_of(path), under=box.work)
    outcome = box.run(IMPORT, mode)
    assert box.struck() == 1, outcome.err


def test_lock_in_a_guarded_directory_is_refused(box, mode):
    path = box.write("payload.py", box.evil())
    box.write("hubguard.lock", lock_of(path))
    outcome = box.run(IMPORT, mode, cwd=box.root)
    assert box.struck() == 0
    assert "hubguard.lock: lies under the guarded directory" in outcome.err


def test_starting_in_a_guarded_directory_without_a_lock_is_fine(box, mode):
    box.write("payload.py", "LABEL = 'benign'\n")
    outcome = box.run(IMPORT + "print(payload.LABEL)", mode, cwd=box.root)
    assert outcome.out.split() == ["benign"], outcome.err
