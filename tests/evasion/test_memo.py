# SPDX-License-Identifier: Apache-2.0
"""The shim remembers directories that it found free. Each attack makes it remember one, and then changes what is there.

An attack is a function that fills a box and returns the text of a main program, as in test_evasion.py. The payload is
never called .py and never opened as code: what has to stop it is the look at the name that compile() is given.
"""
import os
import subprocess
import sys

import pytest

ATTACKS = {}

# Run a file under its own name, as a program does that has a loader of its own.
RUN = """
import os, shutil, subprocess, sys
def run(path):
    with open(path) as f:
        text = f.read()
    exec(compile(text, path, "exec"), {})
HERE = OUTSIDE + "/folder"
run(HERE + "/first.txt")
run(HERE + "/first.txt")
"""


def attack(function):
    ATTACKS[function.__name__.replace("_", "-")] = function
    return function


def fill(box):
    box.write("folder/first.txt", "LABEL = 'benign'\n", under=box.outside)
    box.write("payload.txt", box.evil())
    return RUN


@attack
def directory_becomes_a_link(box):
    return fill(box) + "shutil.rmtree(HERE)\nos.symlink(ROOT, HERE)\nrun(HERE + '/payload.txt')\n"


@attack
def directory_above_becomes_a_link(box):
    box.write("deep/folder/first.txt", "", under=box.outside)
    box.write("folder/payload.txt", box.evil())
    return fill(box) + (
        "run(OUTSIDE + '/deep/folder/first.txt')\nshutil.rmtree(OUTSIDE + '/deep')\nos.symlink(ROOT, OUTSIDE + '/deep')\n"
        "run(OUTSIDE + '/deep/folder/payload.txt')\n"
    )


@attack
def link_to_a_directory_is_swapped(box):
    """The spelled directory was a link from the start."""
    return fill(box) + (
        "LINK = OUTSIDE + '/link'\nos.symlink(HERE, LINK)\nrun(LINK + '/first.txt')\nrun(LINK + '/first.txt')\n"
        "os.symlink(ROOT, LINK + '.new')\nos.replace(LINK + '.new', LINK)\nrun(LINK + '/payload.txt')\n"
    )


@attack
def inode_number_is_used_again(box):
    """Many file systems give a new directory the number of the one that was just removed."""
    return fill(box) + (
        "was = os.stat(HERE).st_ino\nshutil.rmtree(HERE)\n"
        "for i in range(64):\n    new = f'{ROOT}/new{i}'\n    os.mkdir(new)\n    if os.stat(new).st_ino == was:\n        break\n"
        "os.link(ROOT + '/payload.txt', new + '/payload.txt')\nos.symlink(new, HERE)\nrun(HERE + '/payload.txt')\n"
    )


@attack
def directory_moves_into_the_root(box):
    """It is the same inode, and only the link says so."""
    return fill(box) + (
        "os.rename(HERE, ROOT + '/moved')\nos.link(ROOT + '/payload.txt', ROOT + '/moved/payload.txt')\n"
        "os.symlink(ROOT + '/moved', HERE)\nrun(HERE + '/payload.txt')\n"
    )


@attack
def file_becomes_a_link(box):
    return fill(box) + "os.remove(HERE + '/first.txt')\nos.symlink(ROOT + '/payload.txt', HERE + '/first.txt')\nrun(HERE + '/first.txt')\n"


@attack
def link_beside_the_file(box):
    return fill(box) + "os.symlink(ROOT + '/payload.txt', HERE + '/other.txt')\nrun(HERE + '/other.txt')\n"


@attack
def directory_becomes_a_root(box):
    text = box.evil()
    return fill(box) + f"os.environ['HF_MODULES_CACHE'] = HERE\nopen(HERE + '/late.txt', 'w').write({text!r})\nrun(HERE + '/late.txt')\n"


@attack
def directory_above_becomes_a_root(box):
    """Nothing in the directory itself changes: the payload lay there, not looked at."""
    box.write("folder/late.txt", box.evil(), under=box.outside)
    return fill(box) + "os.environ['HF_MODULES_CACHE'] = OUTSIDE\nrun(HERE + '/late.txt')\n"


@attack
def directory_behind_a_link_becomes_a_root(box):
    """The name says nothing, and the directory is as it was."""
    box.write("folder/late.txt", box.evil(), under=box.outside)
    return fill(box) + (
        "os.symlink(HERE, OUTSIDE + '/link')\nrun(OUTSIDE + '/link/first.txt')\nos.environ['HF_MODULES_CACHE'] = HERE\n"
        "run(OUTSIDE + '/link/late.txt')\n"
    )


@attack
def working_directory_by_its_magic_link(box):
    return fill(box) + "os.chdir(HERE)\nrun('/proc/self/cwd/first.txt')\nos.chdir(ROOT)\nrun('/proc/self/cwd/payload.txt')\n"


@attack
def link_to_the_magic_link(box):
    return fill(box) + (
        "os.symlink('/proc/self/cwd', OUTSIDE + '/here')\nos.chdir(HERE)\nrun(OUTSIDE + '/here/first.txt')\n"
        "os.chdir(ROOT)\nrun(OUTSIDE + '/here/payload.txt')\n"
    )


@attack
def relative_name_in_another_directory(box):
    box.write("folder/payload.txt", "LABEL = 'benign'\n", under=box.outside)
    return fill(box) + "os.chdir(HERE)\nrun('payload.txt')\nos.chdir(ROOT)\nrun('payload.txt')\n"


@attack
def dots_in_the_name(box):
    box.write("sub/first.txt", "", under=box.outside / "folder")
    return fill(box) + "os.symlink(ROOT, HERE + '/link')\nos.mkdir(ROOT + '/sub')\nrun(HERE + '/sub/../first.txt')\nrun(HERE + '/link/sub/../payload.txt')\n"


@attack
def name_that_passed_with_other_bytes(box):
    box.write("again.txt", "LABEL = 'benign'\n")
    return fill(box) + "run(ROOT + '/again.txt')\nos.replace(ROOT + '/payload.txt', ROOT + '/again.txt')\nrun(ROOT + '/again.txt')\n"


@attack
def foreign_code_after_the_swap(box):
    """No compile() here: a code object that was made before, under the name of what is there now."""
    fill(box)
    box.write("folder/payload.txt", "pass\n", under=box.outside)
    return RUN + (
        f"text = {box.evil()!r}\ncode = compile(text, HERE + '/payload.txt', 'exec')\n"
        "shutil.rmtree(HERE)\nos.symlink(ROOT, HERE)\nexec(code, {})\n"
    )


@pytest.mark.parametrize("name", ATTACKS)
def test_attack(new_box, mode, name):
    bare = new_box()
    outcome = bare.run(ATTACKS[name](bare), "none")
    assert bare.struck() == 1, ("the attack does not work without hubguard", outcome.out, outcome.err)
    box = new_box()
    outcome = box.run(ATTACKS[name](box), mode)
    assert box.struck() == 0, (outcome.out, outcome.err)
    assert "hubguard" in outcome.err, ("refused, but not by hubguard", outcome.out, outcome.err)


MOUNTS = {
    "over-a-known-directory": "mount(ROOT, HERE)\nrun(HERE + '/payload.txt')\n",
    "over-a-directory-above": "mount(ROOT, OUTSIDE)\nrun(OUTSIDE + '/folder/payload.txt')\n",
    "opened-as-code": "import runpy\nmount(ROOT, HERE)\nrunpy.run_path(HERE + '/payload.txt')\n",
    "root-added-after-the-mount": (
        "mount(HERE, OUTSIDE + '/other')\nrun(OUTSIDE + '/other/first.txt')\nos.environ['HF_MODULES_CACHE'] = HERE\n"
        "run(OUTSIDE + '/other/late.txt')\n"
    ),
}


@pytest.mark.skipif(os.geteuid() != 0, reason="a bind mount needs root")
@pytest.mark.parametrize("how", MOUNTS)
def test_bind_mount_while_it_runs(new_box, mode, how):
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("no mount namespaces here")
    for each in ("none", mode):
        box = new_box()
        text = fill(box) + "def mount(what, where):\n    subprocess.run(['mount', '--bind', what, where], check=True)\n"
        box.write("folder/payload.txt", box.evil())
        box.write("folder/late.txt", box.evil(), under=box.outside)
        (box.outside / "other").mkdir()
        names = {"ROOT": str(box.root), "OUTSIDE": str(box.outside)}
        head = "".join(f"{name} = {path!r}\n" for name, path in names.items())
        script = box.write("main.py", head + text + MOUNTS[how], under=box.work)
        outcome = box.guarded.run(each, ["unshare", "-m", sys.executable, script], box.place)
        assert box.struck() == (each == "none"), (each, outcome.out, outcome.err)
    assert "hubguard" in outcome.err


def test_nothing_is_remembered_once_remote_code_may_run(new_box, mode):
    """The directory above moves into the root: neither the directory nor its name changes, and its file is written again."""
    for each in ("none", mode):
        box = new_box()
        fill(box)
        box.allow_shell()
        box.write("good.py", "LABEL = 'benign'\n")
        box.write("above/folder/first.txt", "", under=box.outside)
        script = RUN + (
            "run(OUTSIDE + '/above/folder/first.txt')\nsys.path.insert(0, ROOT)\nimport good\n"
            "os.rename(OUTSIDE + '/above', ROOT + '/above')\nos.symlink(ROOT + '/above', OUTSIDE + '/above')\n"
            f"open(OUTSIDE + '/above/folder/first.txt', 'w').write({box.evil()!r})\nrun(OUTSIDE + '/above/folder/first.txt')\n"
        )
        outcome = box.run(script, each)
        assert box.struck() == (each == "none"), (each, outcome.out, outcome.err)
    assert "hubguard" in outcome.err
