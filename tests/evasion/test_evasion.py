# SPDX-License-Identifier: Apache-2.0
"""Ways around the gate. Each attack is first shown to work without hubguard, then tried against it, in fresh folders."""
import marshal
import os
import subprocess
import sys
import zipfile

import pytest
from attacks import IMPORT, Attacks, bytecode, refused_by_hubguard, shared_object

attack = Attacks()
HARMLESS_SOURCE_RUNS = ("pycache-prefix",)  # nothing is refused: the source runs in place of the poisoned bytecode

CHILD = "import sys; sys.path.insert(0, {root!r}); import payload"


def child_code(box):
    return CHILD.format(root=str(box.root))


# --- where the file is ----------------------------------------------------------------------------------------


@attack
def symlink_out_of_the_root(box):
    target = box.write("payload.py", box.evil(), under=box.outside)
    (box.root / "payload.py").symlink_to(target)
    return IMPORT


@attack
def symlink_chain_out_of_the_root(box):
    target = box.write("blob", box.evil(), under=box.outside)
    (box.root / "hop").symlink_to(target)
    (box.root / "payload.py").symlink_to("hop")
    return IMPORT


@attack
def symlink_into_the_root(box):
    box.write("payload.py", box.evil())
    (box.outside / "payload.py").symlink_to(box.root / "payload.py")
    return "import sys\nsys.path.insert(0, OUTSIDE)\nimport payload\n"


@attack
def symlinked_folder_into_the_root(box):
    box.write("deep/payload.py", box.evil())
    (box.outside / "link").symlink_to(box.root / "deep")
    return "import sys\nsys.path.insert(0, OUTSIDE + '/link')\nimport payload\n"


@attack
def symlinked_root(box):
    """The environment names a link; the loader resolves it."""
    box.write("payload.py", box.evil())
    link = box.place.scratch / "modules-link"
    link.symlink_to(box.root)
    box.place.env["HF_MODULES_CACHE"] = str(link)
    return IMPORT


@attack
def dot_dot(box):
    box.write("payload.py", box.evil())
    (box.root / "pkg").mkdir()
    return "exec(open(OUTSIDE + '/../huggingface/modules/pkg/../payload.py').read())\n"


@attack
def dot_dot_through_a_link(box):
    """link/../payload.py is not what the text of the path says."""
    box.write("payload.py", box.evil())
    (box.root / "pkg").mkdir()
    (box.outside / "link").symlink_to(box.root / "pkg")
    return "exec(open(OUTSIDE + '/link/../payload.py').read())\n"


@attack
def relative_path(box):
    box.write("payload.py", box.evil())
    return "import os\nos.chdir(ROOT)\nexec(open('payload.py').read())\n"


@attack
def relative_import_path(box):
    box.write("payload.py", box.evil())
    return "import os, sys\nos.chdir(ROOT)\nsys.path.insert(0, '')\nimport payload\n"


@attack
def directory_descriptor(box):
    box.write("payload.py", box.evil())
    return (
        "import os\nd = os.open(ROOT, os.O_RDONLY)\nfd = os.open('payload.py', os.O_RDONLY, dir_fd=d)\n"
        "exec(os.read(fd, 1 << 20))\n"
    )


@attack
def change_directory_by_descriptor(box):
    box.write("payload.py", box.evil())
    return "import os\nos.fchdir(os.open(ROOT, os.O_RDONLY))\nexec(open('payload.py').read())\n"


@attack
def reopen_through_proc(box):
    box.write("payload.py", box.evil())
    return "import os\nfd = os.open(ROOT + '/payload.py', os.O_PATH)\nexec(open(f'/proc/self/fd/{fd}').read())\n"


@attack
def proc_root(box):
    box.write("payload.py", box.evil())
    return "exec(open('/proc/self/root' + ROOT + '/payload.py').read())\n"


@attack
def proc_cwd(box):
    box.write("payload.py", box.evil())
    return "import os\nos.chdir(ROOT)\nexec(open('/proc/self/cwd/payload.py').read())\n"


@attack
def path_with_odd_characters(box):
    box.write('a b\n"c/payload.py', box.evil())
    return "import sys\nsys.path.insert(0, ROOT + '/a b\\n\"c')\nimport payload\n"


@attack
def path_that_is_not_utf8(box):
    folder = os.fsencode(box.root) + b"/\xff\xfe"
    os.mkdir(folder)
    with open(folder + b"/payload.py", "w") as f:
        f.write(box.evil())
    return "import os\nexec(open(os.fsencode(ROOT) + b'/\\xff\\xfe/payload.py').read())\n"


@attack
def hard_link_into_the_root(box):
    target = box.write("payload.py", box.evil(), under=box.outside)
    os.link(target, box.root / "payload.py")
    return IMPORT


@attack
def copy_out_of_the_root(box):
    box.write("payload.py", box.evil())
    return "import shutil, sys\nshutil.copy(ROOT + '/payload.py', OUTSIDE)\nsys.path.insert(0, OUTSIDE)\nimport payload\n"


@attack
def home_changed_at_run_time(box):
    """The loaders read the variable when they are imported: so must the gate."""
    box.write("hf/modules/payload.py", box.evil(), under=box.outside)
    del box.place.env["HF_MODULES_CACHE"]
    return (
        "import os, sys\nos.environ['HF_HOME'] = OUTSIDE + '/hf'\n"
        "sys.path.insert(0, OUTSIDE + '/hf/modules')\nimport payload\n"
    )


# --- bytecode -------------------------------------------------------------------------------------------------


@attack
def pycache_prefix(box):
    """Stale bytecode in another tree, which Python takes for that of the file in the root."""
    source = box.write("payload.py", "LABEL = 'benign'\n")
    prefix = box.outside / "prefix"
    tag = sys.implementation.cache_tag
    cached = prefix / str(source.parent).lstrip("/") / f"payload.{tag}.pyc"
    box.write(str(cached), bytecode(box.evil(), source, flags=1))
    box.place.env["PYTHONPYCACHEPREFIX"] = str(prefix)
    return IMPORT


@attack
def bytecode_runs_by_path(box):
    path = box.write("weights.dat", bytecode(box.evil(), "weights.dat"))
    return f"import runpy\nrunpy.run_path({str(path)!r})\n"


@attack
def bytecode_loader_with_odd_name(box):
    box.write("payload.bin", bytecode(box.evil(), "payload.bin"))
    return (
        "import importlib.machinery, importlib.util\n"
        "loader = importlib.machinery.SourcelessFileLoader('payload', ROOT + '/payload.bin')\n"
        "spec = importlib.util.spec_from_loader('payload', loader)\n"
        "loader.exec_module(importlib.util.module_from_spec(spec))\n"
    )


@attack
def source_loader_with_odd_name(box):
    box.write("payload.bin", box.evil())
    return (
        "import importlib.machinery, importlib.util\n"
        "loader = importlib.machinery.SourceFileLoader('payload', ROOT + '/payload.bin')\n"
        "spec = importlib.util.spec_from_loader('payload', loader)\n"
        "loader.exec_module(importlib.util.module_from_spec(spec))\n"
    )


@attack
def marshalled_blob(box):
    box.write("blob.bin", marshal.dumps(compile(box.evil(), "blob", "exec")))
    box.write(
        "payload.py",
        "import marshal, os\nwith open(os.path.join(os.path.dirname(__file__), 'blob.bin'), 'rb') as f:\n"
        "    exec(marshal.loads(f.read()))\n",
    )
    return IMPORT


@attack
def marshalled_blob_through_a_harmless_helper(box):
    """The repository's function is called after its import, by the user's code, with data of the repository."""
    box.write("blob.bin", marshal.dumps(compile(box.evil(), "blob", "exec")))
    box.write("payload.py", "import marshal\n\n\ndef load(data):\n    return marshal.loads(data)\n")
    return IMPORT + "exec(payload.load(open(ROOT + '/blob.bin', 'rb').read()), {})\n"


@attack
def text_built_at_run_time(box):
    text = [ord(c) for c in box.evil()]
    box.write("payload.py", f"PART = {text!r}\nexec(compile(''.join(map(chr, PART)), 'built', 'exec'))\n")
    return IMPORT


@attack
def text_built_in_a_function(box):
    text = [ord(c) ^ 1 for c in box.evil()]
    box.write(
        "payload.py",
        f"PART = {text!r}\n\n\ndef build(run=compile):\n    return run(''.join(chr(c ^ 1) for c in PART), 'built', 'exec')\n",
    )
    return IMPORT + "eval(payload.build(), {})\n"


# --- other ways to start a file -------------------------------------------------------------------------------


@attack
def read_and_exec(box):
    box.write("payload.py", box.evil())
    return "exec(open(ROOT + '/payload.py').read())\n"


@attack
def os_open_and_exec(box):
    box.write("payload.py", box.evil())
    return "import os\nexec(os.read(os.open(ROOT + '/payload.py', os.O_RDONLY), 1 << 20))\n"


@attack
def mapped_and_exec(box):
    box.write("payload.py", box.evil())
    return "import mmap\nf = open(ROOT + '/payload.py', 'rb')\nexec(mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)[:])\n"


@attack
def c_stdio_and_exec(box):
    box.write("payload.py", box.evil())
    return (
        "import ctypes\nc = ctypes.CDLL(None)\nc.fopen.restype = ctypes.c_void_p\n"
        "f = c.fopen((ROOT + '/payload.py').encode(), b'r')\nassert f, 'refused'\nb = ctypes.create_string_buffer(9999)\n"
        "c.fread(b, 1, 9999, ctypes.c_void_p(f))\nexec(b.value)\n"
    )


@attack
def spec_from_file_location(box):
    box.write("payload.py", box.evil())
    return (
        "import importlib.util\ns = importlib.util.spec_from_file_location('m', ROOT + '/payload.py')\n"
        "s.loader.exec_module(importlib.util.module_from_spec(s))\n"
    )


@attack
def run_path(box):
    box.write("payload.py", box.evil())
    return "import runpy\nrunpy.run_path(ROOT + '/payload.py')\n"


@attack
def run_module(box):
    box.write("payload/__main__.py", box.evil())
    return "import runpy, sys\nsys.path.insert(0, ROOT)\nrunpy.run_module('payload')\n"


@attack
def zip_on_the_path(box):
    with zipfile.ZipFile(box.root / "lib.zip", "w") as z:
        z.writestr("payload.py", box.evil())
    return "import sys\nsys.path.insert(0, ROOT + '/lib.zip')\nimport payload\n"


@attack
def zip_with_odd_name_and_bytecode(box):
    with zipfile.ZipFile(box.root / "model.safetensors", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("payload.pyc", bytecode(box.evil(), "payload.py"))
    return "import sys\nsys.path.insert(0, ROOT + '/model.safetensors')\nimport payload\n"


@attack
def zip_application(box):
    with zipfile.ZipFile(box.root / "app.pyz", "w") as z:
        z.writestr("__main__.py", box.evil())
    return "import runpy\nrunpy.run_path(ROOT + '/app.pyz')\n"


@attack
def child_runs_a_zip_application(box):
    with zipfile.ZipFile(box.root / "app.pyz", "w") as z:
        z.writestr("__main__.py", box.evil())
    return "import subprocess, sys\nsubprocess.run([sys.executable, ROOT + '/app.pyz'], check=True)\n"


@attack
def child_runs_the_file(box):
    box.write("payload.py", box.evil())
    return "import subprocess, sys\nsubprocess.run([sys.executable, ROOT + '/payload.py'], check=True)\n"


@attack
def child_runs_the_module(box):
    box.write("payload.py", box.evil())
    return "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'payload'], cwd=ROOT, check=True)\n"


@attack
def child_reads_standard_input_from_the_file(box):
    box.write("payload.py", box.evil())
    return "import subprocess, sys\nsubprocess.run([sys.executable, '-'], stdin=open(ROOT + '/payload.py'), check=True)\n"


@attack
def site_customisation_in_the_root(box):
    box.write("sitecustomize.py", box.evil())
    return (
        "import os, subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', ''], env=dict(os.environ, PYTHONPATH=ROOT), check=True)\n"
        "assert os.path.exists(CANARY), 'refused'\n"
    )


@attack
def shared_object_by_ctypes(box):
    shared_object(box, box.root / "payload.so")
    return "import ctypes\nctypes.CDLL(ROOT + '/payload.so')\n"


@attack
def shared_object_by_ctypes_relative(box):
    shared_object(box, box.root / "payload.so")
    return "import ctypes, os\nos.chdir(ROOT)\nctypes.CDLL('./payload.so')\n"


@attack
def shared_object_by_library_path(box):
    shared_object(box, box.root / "payload.so")
    box.place.env["LD_LIBRARY_PATH"] = str(box.root)
    return "import ctypes\nctypes.CDLL('payload.so')\n"


@attack
def shared_object_as_extension(box):
    shared_object(box, box.root / "payload.so")
    return "import sys\nsys.path.insert(0, ROOT)\ntry:\n    import payload\nexcept ImportError as e:\n    print(e, file=sys.stderr)\n    raise\n"


# --- other processes, threads, interpreters -------------------------------------------------------------------


@attack
def forked_child(box):
    box.write("payload.py", box.evil())
    return f"import os, sys\npid = os.fork()\nif pid == 0:\n    exec({child_code(box)!r})\n    os._exit(0)\nsys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"


@attack
def thread(box):
    box.write("payload.py", box.evil())
    return f"import threading\nt = threading.Thread(target=exec, args=({child_code(box)!r},))\nt.start()\nt.join()\n"


@attack
def sub_interpreter(box):
    box.write("payload.py", box.evil())
    return f"""
try:
    import _interpreters as sub
except ImportError:
    import _xxsubinterpreters as sub
print(sub.run_string(sub.create(), {child_code(box)!r}))
"""


@attack
def all_descriptors_closed_first(box):
    box.write("payload.py", box.evil())
    return "import os\nos.closerange(3, 65536)\n" + IMPORT


@attack
def isolated_interpreter(box):
    box.write("payload.py", box.evil())
    return f"import subprocess, sys\nsubprocess.run([sys.executable, '-I', '-S', '-E', '-c', {child_code(box)!r}], check=True)\n"


@attack
def child_with_empty_environment(box):
    box.write("payload.py", box.evil())
    return f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child_code(box)!r}], env={{}}, check=True)\n"


@attack
def child_with_open_descriptors_and_empty_environment(box):
    box.write("payload.py", box.evil())
    return f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child_code(box)!r}], env={{}}, close_fds=False, check=True)\n"


@attack
def posix_spawn_with_empty_environment(box):
    box.write("payload.py", box.evil())
    return (
        f"import os, sys\npid = os.posix_spawn(sys.executable, [sys.executable, '-c', {child_code(box)!r}], {{}})\n"
        "os.waitpid(pid, 0)\n"
    )


@attack
def exec_with_empty_environment(box):
    box.write("payload.py", box.evil())
    return f"import os, sys\nos.execve(sys.executable, [sys.executable, '-c', {child_code(box)!r}], {{}})\n"


@attack
def exec_by_descriptor(box):
    box.write("payload.py", box.evil())
    return f"import os, sys\nos.execve(os.open(sys.executable, os.O_RDONLY), [sys.executable, '-c', {child_code(box)!r}], {{}})\n"


@attack
def variables_deleted_before_a_child(box):
    box.write("payload.py", box.evil())
    return (
        "import os, subprocess, sys\nfor name in list(os.environ):\n"
        "    if name == 'LD_PRELOAD' or name.startswith('HUBGUARD'):\n        del os.environ[name]\n"
        f"subprocess.run([sys.executable, '-c', {child_code(box)!r}], check=True)\n"
    )


@attack
def variables_replaced_before_a_child(box):
    box.write("payload.py", box.evil())
    return (
        "import os, subprocess, sys\n"
        f"subprocess.run([sys.executable, '-c', {child_code(box)!r}], check=True, env=dict(os.environ, LD_PRELOAD='',"
        " HUBGUARD_MODE='observe', HUBGUARD_SOCKET='/nowhere', HUBGUARD_POLICY=''))\n"
    )


@attack
def cache_variables_hidden_from_a_child(box):
    """The child does not know where the root is; the parent did."""
    box.write("payload.py", box.evil())
    return f"import os, subprocess, sys\ndel os.environ['HF_MODULES_CACHE']\ndel os.environ['HF_HOME']\nsubprocess.run([sys.executable, '-c', {child_code(box)!r}], check=True)\n"


@attack
def os_system_child(box):
    box.write("payload.py", box.evil())
    return f"import os, shlex, sys\nos.environ.pop('LD_PRELOAD', None)\nos.system(shlex.join([sys.executable, '-c', {child_code(box)!r}]))\n"


@attack
def popen_child(box):
    box.write("payload.py", box.evil())
    return f"import os, shlex, sys\nos.environ.pop('LD_PRELOAD', None)\nprint(os.popen(shlex.join([sys.executable, '-c', {child_code(box)!r}])).read())\n"


@attack
def shell_that_clears_the_environment(box):
    box.write("payload.py", box.evil())
    return f"import shlex, subprocess, sys\nsubprocess.run('env -i ' + shlex.join([sys.executable, '-c', {child_code(box)!r}]), shell=True, check=True)\n"


@attack
def spawned_worker(box):
    box.write("payload.py", box.evil())
    return f"""
import multiprocessing

def work():
    exec({child_code(box)!r})

if __name__ == "__main__":
    p = multiprocessing.get_context("spawn").Process(target=work)
    p.start()
    p.join()
    print(p.exitcode)
"""


@attack
def forkserver_worker(box):
    box.write("payload.py", box.evil())
    return f"""
import multiprocessing

def work():
    exec({child_code(box)!r})

if __name__ == "__main__":
    p = multiprocessing.get_context("forkserver").Process(target=work)
    p.start()
    p.join()
    print(p.exitcode)
"""


@pytest.mark.parametrize("name", attack)
def test_attack(new_box, mode, name):
    outcome = attack.run(name, new_box, mode)
    if name in HARMLESS_SOURCE_RUNS:
        assert outcome.rc == 0, outcome.err
    else:
        refused_by_hubguard(outcome)


@pytest.mark.skipif(os.geteuid() != 0, reason="a bind mount needs root")
def test_bind_mount_of_the_root(new_box, mode):
    """The same folder under another path."""
    for each in ("none", mode):
        box = new_box()
        box.write("payload.py", box.evil())
        script = box.write("main.py", f"import sys\nsys.path.insert(0, {str(box.outside)!r})\nimport payload\n", under=box.work)
        shell = f"mount --bind '{box.root}' '{box.outside}' && exec '{sys.executable}' '{script}'"
        if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
            pytest.skip("no mount namespaces here")
        outcome = box.guarded.run(each, ["unshare", "-m", "sh", "-c", shell], box.place)
        if each == "none":
            assert box.struck() == 1, outcome.err
    assert box.struck() == 0, outcome.err
    assert "hubguard" in outcome.err


@pytest.mark.skipif(os.geteuid() != 0, reason="a bind mount needs root")
def test_bind_mount_into_the_root(new_box, mode):
    for each in ("none", mode):
        box = new_box()
        box.write("payload.py", box.evil(), under=box.outside)
        (box.root / "mounted").mkdir()
        script = box.write("main.py", f"import sys\nsys.path.insert(0, {str(box.root / 'mounted')!r})\nimport payload\n", under=box.work)
        shell = f"mount --bind '{box.outside}' '{box.root}/mounted' && exec '{sys.executable}' '{script}'"
        if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
            pytest.skip("no mount namespaces here")
        outcome = box.guarded.run(each, ["unshare", "-m", "sh", "-c", shell], box.place)
        if each == "none":
            assert box.struck() == 1, outcome.err
    assert box.struck() == 0, outcome.err
    assert "hubguard" in outcome.err


def test_limit_hard_link_out_of_the_root(box, mode):
    """Known limit: a hard link that the user's own code makes elsewhere has no path under a root any more."""
    target = box.write("payload.py", box.evil())
    os.link(target, box.outside / "payload.py")
    box.run("import sys\nsys.path.insert(0, OUTSIDE)\nimport payload\n", mode)
    assert box.struck() == 1
