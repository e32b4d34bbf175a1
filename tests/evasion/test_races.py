# SPDX-License-Identifier: Apache-2.0
"""A file that changes between the scan and the read."""
import shlex


def test_file_swapped_while_imported(new_box, mode):
    """A second process renames two versions over one name as fast as it can; the importer must never run the bad one."""
    script = """
import importlib, os, subprocess, sys
sys.path.insert(0, ROOT)
sys.dont_write_bytecode = True
swap = '''
import os, sys
a, b = open(sys.argv[2], "rb").read(), open(sys.argv[3], "rb").read()
while os.getppid() == int(sys.argv[4]):
    for data in (a, b):
        with open(sys.argv[1] + ".next", "wb") as f:
            f.write(data)
        os.replace(sys.argv[1] + ".next", sys.argv[1])
'''
child = subprocess.Popen([sys.executable, "-I", "-S", "-c", swap, ROOT + "/payload.py", OUTSIDE + "/benign", OUTSIDE + "/evil", str(os.getpid())])
good = refused = 0
for _ in range(400):
    sys.modules.pop("payload", None)
    try:
        import payload
        good += payload.LABEL == "benign"
    except ImportError as e:
        assert "hubguard" in str(e), e
        refused += 1
child.kill()
child.wait()
print("result:", good, refused)
"""
    for each in ("none", mode):
        box = new_box()
        box.write("payload.py", 'LABEL = "benign"\n')
        box.write("benign", 'LABEL = "benign"\n', under=box.outside)
        box.write("evil", box.evil(), under=box.outside)
        outcome = box.run(script, each)
        assert outcome.rc == 0, outcome.err
        good, refused = map(int, outcome.result.split())
        if each == "none":
            assert box.struck() > 0 and refused == 0
    assert box.struck() == 0
    assert good > 0 and refused > 0 and good + refused == 400


def test_file_rewritten_in_place_while_imported(new_box, mode):
    """The same inode, written over: what was scanned is a copy, so the change comes too late."""
    script = """
import importlib, os, sys, threading
sys.path.insert(0, ROOT)
sys.dont_write_bytecode = True
sys.setswitchinterval(1e-5)
good, evil = (open(OUTSIDE + "/" + n, "rb").read() for n in ("benign", "evil"))
done = False
def swap():
    fd = os.open(ROOT + "/payload.py", os.O_WRONLY)
    while not done:
        os.pwrite(fd, evil, 0)
        os.pwrite(fd, good, 0)
t = threading.Thread(target=swap)
t.start()
outcomes = {"benign": 0, "evil": 0, "refused": 0, "other": 0}
for _ in range(600):
    sys.modules.pop("payload", None)
    try:
        import payload
        outcomes[payload.LABEL] += 1
    except ImportError as e:
        outcomes["refused" if "hubguard" in str(e) else "other"] += 1
    except Exception:
        outcomes["other"] += 1
done = True
t.join()
print("result:", outcomes["evil"], outcomes["benign"] + outcomes["refused"])
"""
    for each in ("none", mode):
        box = new_box()
        # A copy may be torn, but only the whole of this text gives LABEL that value, and not without the call.
        shell = f"echo evil ran >> {shlex.quote(str(box.place.canary))}"
        evil = f'import os\nLABEL = ("odd", "evil")[os.system({shell!r}) == 0]\n'
        good = 'LABEL = "benign"\n'
        good += "#" * (len(evil) - len(good) - 1) + "\n"
        box.write("payload.py", good)
        box.write("benign", good, under=box.outside)
        box.write("evil", evil, under=box.outside)
        outcome = box.run(script, each)
        assert outcome.rc == 0, outcome.err
        if each == "none":
            assert box.struck() > 0
    assert box.struck() == 0 and outcome.result.split()[0] == "0"
    assert int(outcome.result.split()[1]) > 0
