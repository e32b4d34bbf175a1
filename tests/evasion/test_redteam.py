# SPDX-License-Identifier: Apache-2.0
"""More ways around the gate, by somebody who has read its source. Each attack is first shown to work without hubguard."""
import marshal
import os
import subprocess
import sys
from pathlib import Path

import pytest
from attacks import IMPORT, Attacks, bytecode, refused_by_hubguard, shared_object
from conftest import PYTHONS

attack = Attacks()


# --- names that are hard to read --------------------------------------------------------------------------------


def not_utf8(box, name):
    folder = os.fsencode(box.root) + b"/\xff"
    os.mkdir(folder)
    with open(folder + b"/" + name, "w") as f:
        f.write(box.evil())


@attack
def odd_name_in_a_folder_that_is_not_utf8(box):
    """The name that compile() and exec() report cannot be made UTF-8."""
    not_utf8(box, b"payload.bin")
    return "import runpy\nrunpy.run_path(ROOT + '/\\udcff/payload.bin')\n"


@attack
def main_script_in_a_folder_that_is_not_utf8(box):
    not_utf8(box, b"payload")
    return "import os, subprocess, sys\nsubprocess.run([sys.executable, os.fsencode(ROOT) + b'/\\xff/payload'], check=True)\n"


@attack
def folder_that_looks_like_a_made_up_name(box):
    """A code object from '<string>' has no file; '<x>/payload.bin' has one."""
    box.write("<x>/payload.bin", box.evil())
    return "import os, runpy\nos.chdir(ROOT)\nrunpy.run_path('<x>/payload.bin')\n"


@attack
def file_that_looks_like_a_made_up_name(box):
    box.write("<x.bin>", box.evil())
    return "import os, runpy\nos.chdir(ROOT)\nrunpy.run_path('<x.bin>')\n"


@attack
def path_configuration_file(box):
    """site runs the import lines of a .pth."""
    box.write("payload.pth", "import os; run = os.system" + box.evil().replace("import os\nos.system", "; run").replace("\n", ";") + "\n")
    return "import site\nsite.addsitedir(ROOT)\n"


# --- where the file is ------------------------------------------------------------------------------------------

DEEP = "import os\nos.chdir(ROOT)\nfor _ in range(25):\n    os.mkdir('d' * 200)\n    os.chdir('d' * 200)\n"


def deep(box):
    """The payload lies deeper than PATH_MAX; nobody can write its path in one piece."""
    box.write("evil.txt", box.evil(), under=box.outside)
    return DEEP + "os.link(OUTSIDE + '/evil.txt', 'payload.py')\n"


@attack
def working_directory_deeper_than_a_path(box):
    return deep(box) + "exec(open('payload.py').read())\n"


@attack
def directory_descriptor_deeper_than_a_path(box):
    return deep(box) + (
        "d = os.open('.', os.O_RDONLY)\nos.chdir('/')\n"
        "exec(os.read(os.open('payload.py', os.O_RDONLY, dir_fd=d), 1 << 20))\n"
    )


@attack
def shared_object_deeper_than_a_path(box):
    shared_object(box, box.outside / "evil.bin")
    return DEEP + "import ctypes\nos.link(OUTSIDE + '/evil.bin', 'payload.so')\nctypes.CDLL('./payload.so')\n"


@attack
def working_directory_that_was_removed(box):
    """getcwd() fails there, '..' does not."""
    box.write("payload.py", box.evil())
    (box.root / "sub").mkdir()
    return "import os\nos.chdir(ROOT + '/sub')\nos.rmdir(ROOT + '/sub')\nexec(open('../payload.py').read())\n"


@attack
def link_to_a_blob_through_a_descriptor(box):
    box.write("blob", box.evil())
    (box.root / "payload.py").symlink_to("blob")
    return "import os\nd = os.open(ROOT, os.O_RDONLY)\nexec(open(f'/proc/self/fd/{d}/payload.py').read())\n"


@attack
def opener_of_the_users(box):
    box.write("payload.py", box.evil())
    return (
        "import os\nd = os.open(ROOT, os.O_RDONLY)\n"
        "exec(open('payload.py', opener=lambda p, f: os.open(p, f, dir_fd=d)).read())\n"
    )


# --- standard input ---------------------------------------------------------------------------------------------


@attack
def shell_redirects_the_file_to_standard_input(box):
    """The shell opens the file, and is no Python."""
    box.write("payload.py", box.evil())
    return "import shlex, subprocess, sys\nsubprocess.run(shlex.quote(sys.executable) + ' < ' + shlex.quote(ROOT + '/payload.py'), shell=True, check=True)\n"


@attack
def spawn_opens_the_file_as_standard_input(box):
    box.write("payload.py", box.evil())
    return (
        "import os, sys\naction = (os.POSIX_SPAWN_OPEN, 0, ROOT + '/payload.py', os.O_RDONLY, 0)\n"
        "pid = os.posix_spawn(sys.executable, [sys.executable, '-'], os.environ, file_actions=[action])\nos.waitpid(pid, 0)\n"
    )


@attack
def standard_input_by_its_name(box):
    box.write("payload.py", box.evil())
    return "import shlex, subprocess, sys\nsubprocess.run(shlex.quote(sys.executable) + ' /dev/stdin < ' + shlex.quote(ROOT + '/payload.py'), shell=True, check=True)\n"


@attack
def start_up_file_of_an_interactive_interpreter(box):
    box.write("payload", box.evil())
    return "import os, subprocess, sys\nsubprocess.run([sys.executable, '-i'], stdin=subprocess.DEVNULL, env=dict(os.environ, PYTHONSTARTUP=ROOT + '/payload'))\n"


# --- shared objects ---------------------------------------------------------------------------------------------

BY_NAME = "import ctypes, os\nos.chdir(ROOT)\nctypes.CDLL('payload.so')\n"


@attack
def empty_entry_of_the_library_path(box):
    """ld.so(8): an empty entry is the working directory."""
    shared_object(box, box.root / "payload.so")
    box.place.env["LD_LIBRARY_PATH"] = "/nonexistent:"
    return BY_NAME


@attack
def relative_entry_of_the_library_path(box):
    shared_object(box, box.root / "lib" / "payload.so")
    box.place.env["LD_LIBRARY_PATH"] = "lib"
    return BY_NAME


@attack
def hardware_folder_of_the_library_path(box):
    shared_object(box, box.root / "glibc-hwcaps" / "x86-64-v2" / "payload.so")
    box.place.env["LD_LIBRARY_PATH"] = str(box.root)
    return BY_NAME


@attack
def shared_object_by_descriptor(box):
    shared_object(box, box.root / "payload.so")
    return "import ctypes, os\nfd = os.open(ROOT + '/payload.so', os.O_RDONLY)\nctypes.CDLL(f'/proc/self/fd/{fd}')\n"


# --- bytecode ---------------------------------------------------------------------------------------------------


@attack
def text_that_starts_like_bytecode(box):
    r"""'#', CR, CR, LF: a comment for Python, and the magic number of some bytecode."""
    box.write("payload.bin", b"#\r\r\n" + box.evil().encode())
    return "import runpy\nrunpy.run_path(ROOT + '/payload.bin')\n"


# --- code that remote code makes --------------------------------------------------------------------------------

HIDDEN = """
class Hidden:
    def __init__(self, numbers):
        self.numbers = numbers

    def __str__(self):
        return "".join(chr(n ^ 1) for n in self.numbers)
"""


def hidden(box):
    return HIDDEN + f"\nTEXT = Hidden({[ord(c) ^ 1 for c in box.evil()]!r})\n"


@attack
def import_hook_of_remote_code(box):
    """The importer compiles what a loader of the repository decodes: no frame of the repository is near."""
    box.write(
        "payload.py",
        hidden(box) + "from importlib import abc, util\n\n\nclass Loader(abc.SourceLoader):\n"
        "    def get_filename(self, name):\n        return '/nowhere/' + name\n\n"
        "    def get_data(self, path):\n        return str(TEXT).encode()\n\n\n"
        "def start():\n    spec = util.spec_from_loader('other', Loader())\n    module = util.module_from_spec(spec)\n"
        "    spec.loader.exec_module(module)\n",
    )
    return IMPORT + "payload.start()\n"


@attack
def importers_own_trampoline(box):
    box.write(
        "payload.py",
        hidden(box) + "import importlib\n\n\ndef start(run):\n"
        "    importlib._bootstrap._call_with_frames_removed(run, str(TEXT), {})\n",
    )
    return IMPORT + "payload.start(exec)\n"


@attack
def bytecode_through_the_importer(box):
    code = list(marshal.dumps(compile(box.evil(), "/nowhere/x.py", "exec")))
    box.write(
        "payload.py",
        f"DATA = {code!r}\nimport importlib\n\n\ndef start():\n"
        "    return importlib._bootstrap_external._compile_bytecode(bytes(DATA), 'x')\n",
    )
    return IMPORT + "eval(payload.start(), {})\n"


@attack
def deeper_than_the_walk_up_the_frames(box):
    """Thousands of frames of somebody else between the remote code and compile()."""
    box.write("payload.py", hidden(box) + "\n\ndef start(run):\n    return run(3000, str(TEXT))\n")
    return IMPORT + (
        "sys.setrecursionlimit(9000)\ndef run(n, text):\n    return run(n - 1, text) if n else exec(text, {})\n"
        "payload.start(run)\n"
    )


@pytest.mark.parametrize("name", attack)
def test_attack(new_box, mode, name):
    refused_by_hubguard(attack.run(name, new_box, mode))


OF_THE_INTERPRETER = (
    "odd-name-in-a-folder-that-is-not-utf8",
    "main-script-in-a-folder-that-is-not-utf8",
    "folder-that-looks-like-a-made-up-name",
    "path-configuration-file",
    "working-directory-that-was-removed",
    "shell-redirects-the-file-to-standard-input",
    "import-hook-of-remote-code",
    "importers-own-trampoline",
    "deeper-than-the-walk-up-the-frames",
)


@pytest.mark.parametrize("python", [path for path, _ in PYTHONS], ids=[f"{v}-{i}" for i, (_, v) in enumerate(PYTHONS)])
@pytest.mark.parametrize("name", OF_THE_INTERPRETER)
def test_attack_on_every_python(new_box, python, name):
    """The events and their arguments differ between versions; the answer does not."""
    for each in ("none", "run"):
        box = new_box()
        outcome = box.run(attack[name](box), each, python=python)
        assert box.struck() == (each == "none"), (each, outcome.out, outcome.err)


OLDER = sorted(Path.home().glob(".pyenv/versions/[23].[0-7].*/bin/python")) + [p for p in [Path("/usr/bin/python2")] if p.exists()]


@pytest.mark.skipif(not OLDER, reason="no Python before 3.8 here")
@pytest.mark.parametrize("python", OLDER, ids=[p.parents[1].name for p in OLDER])
def test_interpreter_without_audit_hooks(new_box, python):
    """Before 3.8 only the libc's own calls can be watched: imports and scripts are gated all the same."""
    for each in ("none", "run"):
        box = new_box()
        box.write("payload.py", box.evil())
        box.write("benign.py", "LABEL = 'benign'\n")
        script = "import sys\nsys.path.insert(0, ROOT)\nimport benign\nprint('result: ' + benign.LABEL)\nsys.stdout.flush()\n"
        for _ in range(2):
            assert box.run(script, each, python=python).result == "benign"
        outcome = box.run("import sys\nsys.path.insert(0, ROOT)\nimport payload\n", each, python=python)
        assert box.struck() == (each == "none"), outcome.err
        box.guarded.run(each, [python, box.root / "payload.py"], box.place)
        assert box.struck() == 2 * (each == "none"), outcome.err


def test_bytecode_prefix_that_starts_like_the_root(new_box, mode):
    """The root's path occurs twice in the name of the bytecode, the first time as part of a longer name."""
    for each in ("none", mode):
        box = new_box()
        source = box.write("payload.py", "LABEL = 'benign'\n")
        prefix = box.root.parent / (box.root.name + "-prefix")
        name = f"payload.{sys.implementation.cache_tag}.pyc"
        box.write(name, bytecode(box.evil(), source, flags=1), under=prefix / str(box.root).lstrip("/"))
        box.place.env["PYTHONPYCACHEPREFIX"] = str(prefix)
        outcome = box.run(IMPORT + "print('result:', payload.LABEL)\n", each)
        assert outcome.result == ("evil" if each == "none" else "benign"), outcome.err
    assert box.struck() == 0


def test_link_into_the_only_root(new_box, mode):
    """With [roots] auto = no the guard must know by which root a file is guarded, however it is spelled."""
    for each in ("none", mode):
        box = new_box()
        root = box.place.scratch / "only"
        box.write("payload.bin", box.evil(), under=root)
        (box.outside / "link.bin").symlink_to(root / "payload.bin")
        policy = box.write("policy.ini", f"[roots]\nauto = no\nextra = {root}\n", under=box.outside)
        env = {} if each == "none" else {"HUBGUARD_POLICY": str(policy), "HUBGUARD_ROOTS": str(root)}
        outcome = box.run("import runpy\nrunpy.run_path(OUTSIDE + '/link.bin')\n", each, env=env)
        assert box.struck() == (each == "none"), outcome.err
    assert "hubguard" in outcome.err


STARVED = """
import importlib, os, resource, sys
sys.path.insert(0, ROOT)
import encodings.idna, runpy
open(OUTSIDE + '/warm.py').read()
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
for free in range(0, 16):
    pid = os.fork()
    if pid == 0:
        held = []
        try:
            while True:
                held.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            pass
        for fd in held[:free]:
            os.close(fd)
        for attempt in (lambda: __import__("payload"), lambda: runpy.run_path(OUTSIDE + "/link.bin")):
            try:
                attempt()
            except BaseException:
                pass
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
print("result: done")
"""


def test_no_descriptors_left(new_box, mode):
    """With every number of free descriptors from none to enough, nothing gets through."""
    for each in ("none", mode):
        box = new_box()
        box.write("payload.py", box.evil())
        box.write("other.bin", box.evil())
        box.write("warm.py", "", under=box.outside)
        (box.outside / "link.bin").symlink_to(box.root / "other.bin")
        outcome = box.run(STARVED, each, timeout=120)
        assert outcome.result == "done", outcome.err
        assert (box.struck() > 0) == (each == "none"), outcome.err


@pytest.mark.parametrize("kind", ["RLIMIT_AS", "RLIMIT_FSIZE"])
def test_no_room_left(new_box, mode, kind):
    """The copy cannot be made: the file does not run."""
    script = f"""
import os, resource, sys
sys.path.insert(0, ROOT)
sys.dont_write_bytecode = True
for limit in (0, 1, 1 << 10, 1 << 16, 32 << 20):
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.{kind}, (limit, limit))
        try:
            import payload
        except BaseException:
            pass
        os._exit(0)
    os.waitpid(pid, 0)
print("result: done")
"""
    for each in ("none", mode):
        box = new_box()
        box.write("payload.py", f"import os\nos.mkdir({str(box.place.canary)!r} + str(os.getpid()))\nos.system('true')\n")
        outcome = box.run(script, each)
        assert outcome.result == "done", outcome.err
        ran = len(list(box.place.scratch.glob("canary*")))
        assert (ran > 0) == (each == "none"), outcome.err


def test_threads_with_small_stacks(new_box, mode):
    """A stack that is enough without hubguard is enough with it."""
    script = """
import sys, threading
sys.path.insert(0, ROOT)
threading.stack_size(SIZE)
t = threading.Thread(target=lambda: print("result:", __import__("payload").LABEL))
t.start()
t.join()
"""
    for size in (96 << 10, 128 << 10, 256 << 10):
        for each in ("none", mode):
            box = new_box()
            box.write("payload.py", "LABEL = 'benign'\n")
            outcome = box.run(f"SIZE = {size}\n" + script, each)
            if each == "none" and outcome.rc != 0:
                break
            assert (outcome.rc, outcome.result) == (0, "benign"), (size, each, outcome.err)


@pytest.mark.skipif(os.geteuid() != 0, reason="a mount namespace needs root")
def test_without_proc(new_box, mode):
    """Where files are cannot be told: what is linked into a root does not run either."""
    if subprocess.run(["unshare", "-m", "umount", "-l", "/proc"], capture_output=True).returncode:
        pytest.skip("no mount namespaces here")
    for each in ("none", mode):
        box = new_box()
        box.write("payload.bin", box.evil())
        (box.outside / "payload.py").symlink_to(box.root / "payload.bin")
        script = box.write("main.py", f"import sys\nsys.path.insert(0, {str(box.outside)!r})\nimport payload\n", under=box.work)
        shell = f"umount -l /proc && exec '{sys.executable}' -I -S '{script}'"
        outcome = box.guarded.run(each, ["unshare", "-m", "sh", "-c", shell], box.place)
        assert box.struck() == (each == "none"), outcome.err


def test_installed_module_without_bytecode_is_not_remote(new_box, mode):
    """A repository may import what is installed, whatever that does, also when Python has to compile it first."""
    for each in ("none", mode):
        box = new_box()
        box.allow_shell()
        box.write("payload.py", "import installed\nimport installed_again\nLABEL = installed.LABEL\n")
        for name in ("installed", "installed_again"):
            box.write(f"{name}.py", "import os\nexec('LABEL = ' + repr(os.popen('echo own').read().strip()))\n", under=box.outside)
        script = "import sys\nsys.path[:0] = [ROOT, OUTSIDE]\nimport payload\nprint('result:', payload.LABEL)\n"
        for _ in range(2):  # the second time with bytecode
            outcome = box.run(script, each)
            assert (outcome.rc, outcome.result) == (0, "own"), outcome.err


# --- known limits ---------------------------------------------------------------------------------------------------


def test_limit_data_that_trusted_code_executes(box, mode):
    """The user's code reads a file that is not called .py, and runs what it read."""
    box.write("payload.txt", box.evil())
    box.run("exec(open(ROOT + '/payload.txt').read())\n", mode)
    assert box.struck() == 1


def test_limit_opened_for_writing_too(box, mode):
    """A file that is opened to be changed is the file itself, not a copy."""
    box.write("payload.py", box.evil())
    box.run("exec(open(ROOT + '/payload.py', 'r+').read())\n", mode)
    assert box.struck() == 1


def test_limit_programs_of_the_repository(box, mode):
    """Only Python and the dynamic loader are watched: the user who starts a program of a repository starts it."""
    tool = box.write("tool", f"#!/bin/sh\necho ran >> '{box.place.canary}'\n")
    tool.chmod(0o755)
    box.run("import subprocess\nsubprocess.run([ROOT + '/tool'], check=True)\n", mode)
    assert box.struck() == 1


def test_limit_dependency_of_an_approved_shared_object(box, mode):
    """The dynamic loader maps what an approved library needs without asking anybody."""
    box.allow_shell()
    shared_object(box, box.root / "evil.so")
    library = box.root / "library.so"
    subprocess.run(["gcc", "-shared", "-o", library, "-Wl,--no-as-needed", box.root / "evil.so"], check=True)
    lock = box.outside / "hubguard.lock"
    subprocess.run([box.guarded.command, "approve", "--lock", lock, library], check=True, capture_output=True)
    box.run("import ctypes\nctypes.CDLL(ROOT + '/library.so')\n", mode, env={"HUBGUARD_LOCK": str(lock)})
    assert box.struck() == 1


LATER = {
    "callback": ("def start(run):\n    import atexit\n    atexit.register(run, str(TEXT), {})\n", "payload.start(exec)\n"),
    "own-file": (
        "def start(folder):\n    import importlib\n    with open(folder + '/later.py', 'w') as f:\n        f.write(str(TEXT))\n"
        "    importlib.invalidate_caches()\n    import later\n",
        "sys.path.insert(0, OUTSIDE)\npayload.start(OUTSIDE)\n",
    ),
    "patched-unparse": (
        "def start(run, ast, tree):\n    ast.unparse = lambda tree: 'pass'\n    return run(tree, 'x', 'exec')\n",
        "import ast\nexec(payload.start(compile, ast, ast.parse(str(payload.TEXT))), {})\n",
    ),
}


@pytest.mark.parametrize("how", LATER)
def test_limit_remote_code_that_runs_already(box, mode, how):
    """Text that remote code hands to somebody who runs it later, a module that it wrote, an interpreter that it changed."""
    function, main = LATER[how]
    box.allow_shell()  # it runs, in the cage
    box.write("payload.py", hidden(box) + "\n\n" + function)
    box.run(IMPORT + main, mode)
    assert box.struck() == 1


FLOOD = """
import os, socket, struct, sys, time
sys.path.insert(0, ROOT)
open(ROOT + "/first.py").read()  # meets the guard; in a cage nobody connects to it
where = os.environ.get("HUBGUARD_SOCKET")
if where is None:  # a bare preload tells only its children
    import subprocess
    where = subprocess.run([sys.executable, "-c", "import os; print(os.environ['HUBGUARD_SOCKET'])"], capture_output=True, text=True).stdout.strip()
address = where.split(":")[0]
held = []
def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(2)
    s.connect(address)
    held.append(s)
    return s
packets = [b"", b"x", b"\\0" * 32768, b"HUBG" * 100, struct.pack("<II", 0x47425548, 2) + bytes(60), struct.pack("<II", 0x47425548, 1) + b"\\xff" * 60]
for packet in packets:
    s = connect()
    try:
        s.send(packet)
        s.recv(65536)
    except OSError:
        pass
for _ in range(300):
    try:
        connect()
    except OSError:
        break
start = time.monotonic()
outcomes = []
for name in ("good", "payload"):
    try:
        __import__(name)
        outcomes.append("ran")
    except ImportError as e:
        outcomes.append("blocked" if "hubguard" in str(e) else repr(e))
for s in held:
    s.close()
time.sleep(0.3)
try:
    import later
    outcomes.append("ran")
except ImportError as e:
    outcomes.append("blocked")
print("result:", *outcomes, time.monotonic() - start < 60)
"""


def test_another_process_talks_to_the_guard(box, mode):
    """Malformed packets and hundreds of idle connections: answers go on coming, and what is bad stays blocked."""
    for name in ("first", "good", "later"):
        box.write(f"{name}.py", f"LABEL = '{name}'\n")
    box.write("payload.py", box.evil())
    outcome = box.run(FLOOD, mode, timeout=120)
    assert outcome.result is not None, outcome.err
    good, payload, later, bounded = outcome.result.split()
    assert (payload, later, bounded) == ("blocked", "ran", "True"), outcome.out + outcome.err
    assert good == "ran", outcome.out + outcome.err
    assert box.struck() == 0
