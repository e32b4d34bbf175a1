# SPDX-License-Identifier: Apache-2.0
"""What hubguard does not do, shown. docs/security.md has a row for each test; a limit that goes away fails its test here, and then
the row goes as well."""
import hashlib
import json
import os
import pickle
import shutil
import subprocess

IMPORT = "import sys\nsys.path.insert(0, {place!r})\nimport payload\n"


def test_code_that_passes_is_caged(box, mode):
    """What the scan only warns about, because loading does not reach it, starts; what it tries is refused."""
    body = "".join(f"    {line}\n" for line in box.evil().splitlines()[:2])
    box.write("payload.py", f"def forward():\n{body}")
    script = IMPORT.format(place=str(box.root)) + "payload.forward()\n"
    box.run(script, "none")
    assert box.struck() == 1
    box.place.canary.unlink()
    outcome = box.run(script, mode)
    assert box.struck() == 0 and "tried to run /bin/sh (exec.allow = python)" in outcome.err
    summary = [e for e in box.events() if e["type"] == "summary"]
    assert mode == "preload" or summary[0]["not_in_force"] == []


class Payload:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def test_limit_pickles_are_data(box, mode):
    """A pickle is not Python source, bytecode or a shared object: unpickling it runs what it says."""
    box.write("weights.bin", pickle.dumps(Payload(f"echo pickle ran >> '{box.place.canary}'")))
    box.run("import pickle\npickle.load(open(ROOT + '/weights.bin', 'rb'))\n", mode)
    assert box.struck() == 1


def test_limit_copies_elsewhere_are_not_followed(box, mode):
    """A file that was allowed or never judged, in a folder that is no root: a download into `local_dir`, an unpacked archive."""
    box.write("payload.py", box.evil(), under=box.outside)
    box.run(IMPORT.format(place=str(box.outside)), mode)
    assert box.struck() == 1


def test_extra_roots_close_that_gap(box, mode):
    """The remedy that the documentation gives for it."""
    box.write("payload.py", box.evil(), under=box.outside)
    box.place.env["HUBGUARD_ROOTS"] = str(box.outside)
    outcome = box.run(IMPORT.format(place=str(box.outside)), mode)
    assert box.struck() == 0 and "hubguard: blocked" in outcome.err


def test_limit_a_static_program_drops_the_preload(box, mode):
    """A static program has no hooks; one that starts Python with an empty environment starts it unguarded."""
    source = box.write("launch.c", """
#include <unistd.h>
int main(int argc, char **argv)
{
    char *const empty[] = {0};
    (void)argc;
    return execve(argv[1], argv + 1, empty);
}
""", under=box.outside)
    launch = box.outside / "launch"
    subprocess.run(["gcc", "-static", "-o", launch, source], check=True)
    box.write("payload.py", box.evil())
    child = box.write("child.py", IMPORT.format(place=str(box.root)), under=box.outside)
    box.run(f"import subprocess, sys\nsubprocess.run([{str(launch)!r}, sys.executable, {str(child)!r}])\n", mode)
    assert box.struck() == 1


def test_limit_an_approved_extension_brings_others_along(box, mode):
    """The dynamic loader maps what an approved shared object names by an absolute path, without asking anybody. It runs in the cage."""
    ran = box.work / "native-ran"
    inner = box.write("inner.c", f"""
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
__attribute__((constructor)) static void run(void)
{{
    close(creat("{ran}", 0600));
    (void)!system("echo native ran >> '{box.place.canary}'");
}}
int inner(void) {{ return 1; }}
""", under=box.outside)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", box.root / "libinner.so", inner], check=True)
    outer = box.write("outer.c", "int inner(void);\nint outer(void) { return inner(); }\n", under=box.outside)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", box.root / "outer.so", outer, f"-L{box.root}", "-linner",
                    f"-Wl,-rpath,{box.root}"], check=True)
    entry = {"repository": "", "revision": "", "file": "outer.so", "who": "somebody", "when": "2026-01-01T00:00:00Z", "why": "",
             "sha256": hashlib.sha256((box.root / "outer.so").read_bytes()).hexdigest()}
    box.write("hubguard.lock", json.dumps({"version": 1, "approved": [entry]}), under=box.work)
    outcome = box.run("import ctypes\nprint(ctypes.CDLL(ROOT + '/outer.so').outer())\n", mode)
    assert ran.exists(), outcome.err
    assert box.struck() == 0


def test_limit_torch_hub_directory_set_at_run_time(box, mode):
    """torch.hub.set_dir is no variable: name that folder in [roots] extra."""
    elsewhere = box.outside / "hub"
    repository = elsewhere / "acme_tiny_v1"
    repository.mkdir(parents=True)
    (repository / "hubconf.py").write_text(box.evil() + "def tiny():\n    return 1\n")
    outcome = box.run(f"""
import torch
torch.hub.set_dir({str(elsewhere)!r})
print(torch.hub.load("acme/tiny:v1", "tiny", trust_repo=True, skip_validation=True))
""", mode, timeout=180)
    assert box.struck() == 1, outcome.err


def test_limit_the_verdict_cache_belongs_to_the_user(cached_box, mode):
    """A process of the user that is in no cage can exchange `$XDG_CACHE_HOME/hubguard`."""
    box, cache = cached_box, cached_box.cache
    box.write("payload.py", box.evil())
    box.run(IMPORT.format(place=str(box.root)), mode)
    assert box.struck() == 0
    found = sorted(p.name for p in cache.glob("verdicts.db*")) if cache.is_dir() else []
    assert found and os.access(cache / found[0], os.W_OK), "the user's own process may write it"
    shutil.rmtree(cache)  # what the documentation tells to do when in doubt
    box.run(IMPORT.format(place=str(box.root)), mode)
    assert box.struck() == 0
