# SPDX-License-Identifier: Apache-2.0
"""The guard itself: killed, stopped, missing, misconfigured, shared by many processes."""
import shutil

import pytest

IMPORT = "import sys\nsys.path.insert(0, ROOT)\nimport payload\n"

AFTER = """
import json, os, subprocess, sys, time
sys.path.insert(0, ROOT)
open(ROOT + "/first.py").read()  # meets the guard, and closes no cage
def guards():
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/exe") == HUBGUARD and CANARY.encode() in open(f"/proc/{pid}/environ", "rb").read():
                found.append(int(pid))
        except OSError:
            pass
    return found
met = guards()
assert met, "no guard found"
for pid in met:
    os.kill(pid, SIGNAL)
time.sleep(0.2)
start = time.monotonic()
def attempt(name):
    try:
        __import__(name)
        return "ran"
    except ImportError as e:
        return "blocked" if "hubguard" in str(e) else repr(e)
print("second:", attempt("second"))
print("third:", attempt("third"), flush=True)
pid = os.fork()
if pid == 0:
    got = attempt("fourth")
    print("fourth:", got, flush=True)
    os._exit(0 if got == "blocked" else 1)
print("fork:", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print("local:", json.dumps([1]), subprocess.run(["echo", "fine"], capture_output=True, text=True).stdout.strip())
child = subprocess.run([sys.executable, "-c", "import decimal; print(decimal.Decimal(1))"], capture_output=True, text=True)
print("child:", child.returncode, child.stdout.strip())
for pid in met:
    try:
        os.kill(pid, 18)
    except ProcessLookupError:
        pass
print("bounded:", time.monotonic() - start < 100)
"""


@pytest.mark.parametrize("signal", [9, 19], ids=["killed", "stopped"])
def test_guard_goes_away(box, mode, signal):
    """Remote code is blocked from then on, everything else goes on."""
    for name in ("first", "second", "fourth"):
        box.write(f"{name}.py", f"LABEL = '{name}'\n")
    box.write("third.py", box.evil())
    script = f"HUBGUARD = {str(box.guarded.command)!r}\nSIGNAL = {signal}\n" + AFTER
    outcome = box.run(script, mode, timeout=150)
    lines = dict(line.split(": ", 1) for line in outcome.out.splitlines() if ": " in line)
    expected = {
        "second": "blocked",
        "third": "blocked",
        "fourth": "blocked",
        "fork": "0",
        "local": "[1] fine",
        "child": "0 1",
        "bounded": "True",
    }
    assert lines == expected, outcome.out + outcome.err
    assert box.struck() == 0


def test_malformed_policy_under_preload(box):
    """Remote code does not run, everything else does, one message says what to do."""
    policy = box.write("policy.ini", "[scan]\nblock_att = high\n", under=box.outside)
    box.write("payload.py", "LABEL = 'benign'\n")
    script = """
import json, subprocess, sys
sys.path.insert(0, ROOT)
try:
    import payload
    print("ran")
except ImportError as e:
    print("blocked:", e)
print("result:", json.dumps([1]), subprocess.run(["echo", "fine"], capture_output=True, text=True).stdout.strip())
"""
    assert "ran" in box.run(script, "none").out
    outcome = box.run(script, "preload", env={"HUBGUARD_POLICY": str(policy)})
    assert (outcome.rc, outcome.result) == (0, "[1] fine"), outcome.err
    assert "blocked: hubguard" in outcome.out
    assert "policy.ini:2" in outcome.out + outcome.err and "block_at" in outcome.out + outcome.err


def test_malformed_policy_under_run(box):
    policy = box.write("policy.ini", "[scan]\nblock_att = high\n", under=box.outside)
    outcome = box.run("print('result: started')\n", "run", env={"HUBGUARD_POLICY": str(policy)})
    assert outcome.rc == 2 and outcome.result is None
    assert "policy.ini:2" in outcome.err and "block_at" in outcome.err


def test_shim_without_its_guard(new_box, guarded):
    """A library that cannot start a guard blocks remote code and says why."""
    box = new_box()
    alone = box.outside / "libhubguard.so"
    shutil.copy(guarded.shim, alone)
    box.write("payload.py", "LABEL = 'benign'\n")
    script = IMPORT.replace("import payload", "try:\n    import payload\nexcept ImportError as e:\n    print('blocked:', e)\n")
    script += "print('result: goes on')\n"
    env = {"LD_PRELOAD": str(alone), "PATH": "/usr/bin:/bin"}
    outcome = box.run(script, "none", env=env)
    assert outcome.result == "goes on" and "blocked: hubguard" in outcome.out, outcome.out + outcome.err


def test_observe_lets_pass_and_says_so(box):
    box.write("payload.py", box.evil())
    outcome = box.run(IMPORT, "preload", env={"HUBGUARD_MODE": "observe"})
    assert outcome.rc == 0 and box.struck() == 1, outcome.err
    assert any("HG-" in str(event.get("findings")) for event in box.events())


def test_many_processes_share_one_guard(box):
    """Forks and spawned children at once, each with its own answers."""
    for number in range(6):
        box.write(f"good{number}.py", f"LABEL = 'good{number}'\n")
        box.write(f"bad{number}.py", box.evil(f"bad{number}"))
    code = """
import sys
sys.path.insert(0, sys.argv[1])
n = sys.argv[2]
assert __import__("good" + n).LABEL == "good" + n
try:
    __import__("bad" + n)
except ImportError as e:
    assert "bad" + n in str(e), e
    print("blocked", n)
"""
    script = f"""
import subprocess, sys
children = [subprocess.Popen([sys.executable, "-c", {code!r}, ROOT, str(i % 6)], stdout=subprocess.PIPE, text=True) for i in range(24)]
print("result:", sum(c.communicate()[0].strip() == f"blocked {{i % 6}}" for i, c in enumerate(children)))
"""
    outcome = box.run(script, "run")
    assert outcome.result == "24" and box.struck() == 0, outcome.err


def test_runtime_directory_with_a_long_name(box, mode):
    """A socket address holds 107 bytes; a longer place must not lead to another one."""
    box.write("payload.py", "LABEL = 'benign'\n")
    box.write("bad.py", box.evil())
    deep = box.place.scratch / ("r" * 100)
    deep.mkdir(mode=0o700)
    script = IMPORT + "print('result:', payload.LABEL)\nimport bad\n"
    outcome = box.run(script, mode, env={"XDG_RUNTIME_DIR": str(deep)})
    assert outcome.result == "benign" and box.struck() == 0, outcome.err
    assert outcome.exception[0] == "ImportError"
