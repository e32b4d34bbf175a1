# SPDX-License-Identifier: Apache-2.0
"""What an attack on the gate is made of.

An attack is a function that fills a box and returns the text of a main program. The main program is the user's own,
trusted code; the payload is what the repository brought along (in ROOT, the guarded folder). A payload that runs leaves
a line in the canary file.
"""
import importlib.util
import marshal
import subprocess

IMPORT = "import sys\nsys.path.insert(0, ROOT)\nimport payload\n"


class Attacks(dict):
    """The attacks of a test module by name; used as the decorator that adds one."""

    def __call__(self, function):
        self[function.__name__.replace("_", "-")] = function
        return function

    def run(self, name, new_box, mode):
        """The attack works without hubguard, and does not strike with it. Returns that second outcome."""
        bare = new_box()
        outcome = bare.run(self[name](bare), "none")
        assert bare.struck() == 1, ("the attack does not work without hubguard", outcome.out, outcome.err)
        box = new_box()
        outcome = box.run(self[name](box), mode)
        assert box.struck() == 0, (outcome.out, outcome.err)
        return outcome


def refused_by_hubguard(outcome):
    assert "hubguard" in outcome.err, ("refused, but not by hubguard", outcome.out, outcome.err)


def bytecode(source, name, flags=0):
    """A .pyc of this interpreter."""
    code = marshal.dumps(compile(source, str(name), "exec"))
    return importlib.util.MAGIC_NUMBER + flags.to_bytes(4, "little") + bytes(8) + code


def shared_object(box, path, flags=()):
    """A library whose constructor strikes."""
    source = box.write(
        "payload.c",
        "#include <stdlib.h>\n__attribute__((constructor)) static void run(void)\n{\n"
        f"    if (system(\"echo native ran >> '{box.place.canary}'\"))\n        exit(9);\n}}\n",
        under=box.outside,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", path, source, *flags], check=True)
