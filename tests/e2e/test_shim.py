# SPDX-License-Identifier: Apache-2.0
"""What the shim must not change for the program it is loaded into, and what children inherit."""
import os
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path

import pytest

from conftest import BENIGN


def test_links_libc_only(build):
    text = subprocess.run(["ldd", build / "libhubguard.so"], capture_output=True, text=True, check=True).stdout
    names = {line.split()[0].rsplit("/", 1)[-1] for line in text.splitlines()}
    assert {n for n in names if not n.startswith(("linux-vdso", "ld-linux"))} == {"libc.so.6"}


def compile_c(folder, name, text, *options):
    source = folder / f"{name}.c"
    source.write_text(textwrap.dedent(text))
    subprocess.run(["gcc", "-o", folder / name, source, *options], check=True)
    return folder / name


def test_dlopen_keeps_the_callers_runpath(box, mode):
    """A library that dlopens its neighbour by bare name, found by its own RUNPATH: the loader looks at the caller's address."""
    folder = box.outside
    (folder / "inner").mkdir()
    compile_c(folder / "inner", "libinner_of_test.so", "int answer(void) { return 42; }", "-shared", "-fPIC")
    outer = compile_c(folder, "libouter.so", """
        #include <dlfcn.h>
        int ask(void) {
            void *h = dlopen("libinner_of_test.so", RTLD_NOW);
            int (*f)(void) = h ? (int (*)(void))dlsym(h, "answer") : 0;
            return f ? f() : -1;
        }""", "-shared", "-fPIC", "-Wl,--enable-new-dtags,-rpath,$ORIGIN/inner", "-ldl")
    got = box.run(f"import ctypes\nprint(ctypes.CDLL({str(outer)!r}).ask())", mode)
    assert got.out.split() == ["42"], got.err


def test_guard_is_no_child_of_the_program(box):
    box.write("m.py", BENIGN)
    got = box.run("""
import os, sys
sys.path.insert(0, ROOT)
import m
try:
    print("met", os.wait())
except ChildProcessError:
    print("no child")
""", "preload")
    assert got.out.split() == ["no", "child"], got.err


def test_open_returns_the_lowest_free_number(box, mode):
    path = box.write("m.py", BENIGN)
    got = box.run(f"""
import os
os.close(0)
print(os.open({str(path)!r}, os.O_RDONLY))
""", mode)
    assert got.out.split() == ["0"], got.err


def test_other_programs_read_blocked_files(box, mode):
    path = box.write("evil.py", box.evil())
    got = box.run(f"import subprocess\nprint(subprocess.check_output(['cat', {str(path)!r}], text=True))", mode)
    assert "os.system" in got.out and not box.struck()


@pytest.mark.parametrize("start", [
    "subprocess.run([sys.executable, CHILD], env={}, check=False)",
    "os.environ.clear(); os.system(sys.executable + ' ' + CHILD)",
    "os.environ.clear(); os.popen(sys.executable + ' ' + CHILD).read()",
    "os.waitpid(os.posix_spawn(sys.executable, [sys.executable, CHILD], {}), 0)",
    "pid = os.fork()\nif pid == 0: os.execve(sys.executable, [sys.executable, CHILD], {})\nos.waitpid(pid, 0)",
    "pid = os.fork()\nif pid == 0: os.execle(sys.executable, sys.executable, CHILD, {})\nos.waitpid(pid, 0)",
    "subprocess.run(['/usr/bin/env', '-i', sys.executable, CHILD])",
    "subprocess.run([sys.executable, CHILD], env={**os.environ, 'HUBGUARD_MODE': 'observe'})",
    "os.environ['HUBGUARD_MODE'] = 'observe'; os.system(sys.executable + ' ' + CHILD)",
])
def test_children_stay_guarded(box, mode, start):
    box.write("evil.py", box.evil())
    child = box.write("child.py", f"import sys\nsys.path.insert(0, {str(box.root)!r})\nimport evil\n", under=box.outside)
    script = f"import os, subprocess, sys\nCHILD = {str(child)!r}\n{start}\n"
    box.run(script, "none")
    assert box.struck(), "the attack must work without hubguard"
    box.place.canary.unlink()
    got = box.run(script, mode)
    assert not box.struck(), got.err
    assert "hubguard: blocked" in got.err


def test_a_program_that_loads_python_later_is_gated(box):
    """An application that brings libpython in by dlopen has no hook symbol at its start."""
    library = Path(sysconfig.get_config_var("LIBDIR")) / (sysconfig.get_config_var("INSTSONAME") or "")
    assert library.is_file() and ".so" in library.name, "the interpreter of these tests is a shared build"
    box.write("evil.py", box.evil())
    host = compile_c(box.outside, "host", """
        #include <dlfcn.h>
        #include <stdio.h>
        int main(int argc, char **argv) {
            void *h = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
            if (!h) { puts(dlerror()); return 3; }
            ((void (*)(void))dlsym(h, "Py_Initialize"))();
            return -((int (*)(const char *))dlsym(h, "PyRun_SimpleString"))(argv[2]);
        }""", "-ldl")
    argv = [host, library, f"import sys; sys.path.insert(0, {str(box.root)!r}); import evil"]
    box.guarded.run("none", argv, box.place, env={"PYTHONHOME": sys.base_prefix})
    assert box.struck(), "the attack must work without hubguard"
    box.place.canary.unlink()
    got = box.guarded.run("preload", argv, box.place, env={"PYTHONHOME": sys.base_prefix})
    assert not box.struck() and "hubguard: blocked" in got.err and got.rc == 1


def test_many_processes_share_one_guard(box):
    for n in range(8):
        box.write(f"m{n}.py", BENIGN + f"N = {n}\n")
    got = box.run("""
import os, sys, threading
sys.path.insert(0, ROOT)
import importlib
def work(n):
    importlib.import_module(f"m{n}")
pids = []
for _ in range(12):
    pid = os.fork()
    if pid == 0:
        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        [t.start() for t in threads]; [t.join() for t in threads]
        os._exit(0 if all(sys.modules[f"m{n}"].N == n for n in range(8)) else 1)
    pids.append(pid)
print(sum(os.waitpid(pid, 0)[1] for pid in pids))
""", "run")
    assert got.out.split() == ["0"], got.err
    starts = [e for e in box.events() if e["type"] == "start"]
    assert len(starts) == 1
