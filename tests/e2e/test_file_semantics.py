# SPDX-License-Identifier: Apache-2.0
"""An allowed file in a guarded root behaves as the file: each script prints the same with hubguard as without."""
import textwrap

import pytest
from conftest import BENIGN

SAME = {
    "read": """
        print(open(P, "rb").read(), open(P, encoding="utf-8").read())
    """,
    "text mode and encoding": """
        with open(P, "r", encoding="utf-8", newline="") as f:
            print(f.name == P, f.mode, f.encoding, [f.readline(), f.readline()], f.tell(), f.read())
    """,
    "buffering and io classes": """
        import io
        with open(P, "rb", buffering=0) as raw, io.open(P, "rb") as b, io.FileIO(P) as f:
            print(type(raw).__name__, raw.read(5), type(b).__name__, b.peek(4)[:4], f.readall())
    """,
    "tokenize.open": """
        import tokenize
        with tokenize.open(P) as f:
            print(f.encoding, f.read())
    """,
    "shutil.copy keeps bytes and mode": """
        import os, shutil
        os.chmod(P, 0o640)
        q = shutil.copy(P, WORK)
        print(open(q, "rb").read(), oct(os.stat(q).st_mode))
    """,
    "shutil.copy2 keeps the time": """
        import os, shutil
        os.utime(P, (1600000000, 1600000000))
        print(os.stat(shutil.copy2(P, WORK)).st_mtime)
    """,
    "shutil.copytree": """
        import os, shutil
        shutil.copytree(ROOT, WORK + "/copy")
        print(sorted((d.replace(WORK, ""), tuple(sorted(f))) for d, _, f in os.walk(WORK + "/copy")))
    """,
    "filecmp and hash": """
        import filecmp, hashlib, shutil
        q = shutil.copyfile(P, WORK + "/q.py")
        print(filecmp.cmp(P, q, shallow=False), hashlib.sha256(open(P, "rb").read()).hexdigest())
    """,
    "inspect.getsource": """
        import inspect, sys
        sys.path.insert(0, ROOT)
        from pkg import model
        print(inspect.getsource(model.area), inspect.getsourcefile(model) == P)
    """,
    "linecache": """
        import linecache
        print(linecache.getline(P, 1), linecache.getlines(P))
        linecache.checkcache(P)
        print(linecache.getline(P, 4))
    """,
    "traceback shows the line": """
        import sys, traceback
        sys.path.insert(0, ROOT)
        from pkg import model
        try:
            model.area(None, None)
        except TypeError:
            print(traceback.format_exc().splitlines()[-3:])
    """,
    "pkgutil.get_data": """
        import pkgutil, sys
        sys.path.insert(0, ROOT)
        print(pkgutil.get_data("pkg", "model.py"), pkgutil.get_data("pkg", "data.txt"))
    """,
    "pkgutil.walk_packages": """
        import pkgutil
        print([m.name for m in pkgutil.walk_packages([ROOT])])
    """,
    "importlib.resources": """
        import importlib.resources, sys
        sys.path.insert(0, ROOT)
        print(importlib.resources.files("pkg").joinpath("model.py").read_text("utf-8"))
    """,
    "zipfile of a .py": """
        import zipfile
        with zipfile.ZipFile(WORK + "/x.zip", "w") as z:
            z.write(P, "model.py")
        print(zipfile.ZipFile(WORK + "/x.zip").read("model.py"))
    """,
    "mmap": """
        import mmap
        with open(P, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as m:
            print(len(m), m[:], m.find(b"def"))
    """,
    "os.sendfile": """
        import os
        src = os.open(P, os.O_RDONLY)
        dst = os.open(WORK + "/sent", os.O_WRONLY | os.O_CREAT)
        print(os.sendfile(dst, src, 0, 1 << 20), open(WORK + "/sent", "rb").read())
    """,
    "fstat": """
        import os
        os.utime(P, (1600000000, 1600000000))
        os.chmod(P, 0o444)
        fd = os.open(P, os.O_RDONLY)
        for s in (os.fstat(fd), os.stat(P)):
            print(oct(s.st_mode), s.st_size, int(s.st_mtime))
    """,
    "seek, pread, dup": """
        import os
        fd = os.open(P, os.O_RDONLY)
        print(os.lseek(fd, 0, os.SEEK_END), os.lseek(fd, 3, os.SEEK_SET), os.read(fd, 9), os.pread(fd, 5, 0))
        print(os.read(os.dup(fd), 1 << 20))
    """,
    "starts at offset 0 each time": """
        import os
        a, b = os.open(P, os.O_RDONLY), os.open(P, os.O_RDONLY)
        print(os.read(a, 7), os.read(b, 7), os.read(a, 7), os.read(b, 7))
    """,
    "close-on-exec": """
        import fcntl, os
        fd = os.open(P, os.O_RDONLY | os.O_CLOEXEC)
        print(bool(fcntl.fcntl(fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC), os.get_inheritable(fd))
        os.set_inheritable(fd, True)
        print(os.get_inheritable(fd))
    """,
    "without close-on-exec": """
        import ctypes, fcntl, os
        libc = ctypes.CDLL(None)
        fd = libc.open(P.encode(), os.O_RDONLY)
        print(fd > 2, bool(fcntl.fcntl(fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC))
    """,
    "read only": """
        import errno, fcntl, os
        fd = os.open(P, os.O_RDONLY)
        print((fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE) == os.O_RDONLY)
        for act in (lambda: os.write(fd, b"x"), lambda: os.ftruncate(fd, 0)):
            try:
                act()
            except OSError as e:
                print(e.errno in (errno.EBADF, errno.EINVAL, errno.EPERM))
        print(open(P, "rb").read())
    """,
    "C stdio": """
        import ctypes
        libc = ctypes.CDLL(None)
        libc.fopen.restype = ctypes.c_void_p
        libc.fgets.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]
        libc.fgets.restype = ctypes.c_char_p
        f = libc.fopen(P.encode(), b"r")
        b = ctypes.create_string_buffer(200)
        print(libc.fgets(b, 200, f), libc.fgets(b, 200, f))
    """,
    "select and poll": """
        import select, os
        fd = os.open(P, os.O_RDONLY)
        print(select.select([fd], [], [], 0)[0] == [fd])
    """,
    "runpy.run_path": """
        import runpy
        ns = runpy.run_path(P, run_name="elsewhere")
        print(ns["LABEL"], ns["area"](6, 7), ns["__file__"] == P)
    """,
    "runpy.run_module": """
        import runpy, sys
        sys.path.insert(0, ROOT)
        print(runpy.run_module("pkg.model")["LABEL"])
    """,
    "importlib.reload after an edit": """
        import importlib, os, sys
        sys.path.insert(0, ROOT)
        from pkg import model
        first = model.LABEL
        with open(P, "w", encoding="utf-8") as f:
            f.write('LABEL = "second edition"\\n')
        importlib.invalidate_caches()
        print(first, importlib.reload(model).LABEL)
    """,
    "spec_from_file_location": """
        import importlib.util
        spec = importlib.util.spec_from_file_location("m", P)
        m = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(m)
        print(m.LABEL, m.__file__ == P, m.__cached__ is not None)
    """,
    "directory listing": """
        import os
        open(ROOT + "/pkg/__pycache__x", "w").close()
        print(sorted(os.listdir(ROOT + "/pkg")), os.path.exists(P), os.access(P, os.R_OK), sorted(e.name for e in os.scandir(ROOT)))
    """,
    "open for writing": """
        with open(P, "w") as f:
            f.write("A = 1\\n")
        with open(P, "a") as f:
            f.write("B = 2\\n")
        with open(P, "r+") as f:
            f.seek(4); f.write("9")
        print(open(P).read())
    """,
    "create, rename, unlink": """
        import os
        q = ROOT + "/pkg/fresh.py"
        with open(q, "x") as f:
            f.write("C = 3\\n")
        os.replace(q, P)
        print(open(P).read(), os.path.exists(q))
        os.unlink(P)
        print(os.path.exists(P))
    """,
    "temporary file then rename, as the hub client does": """
        import os, shutil, sys
        part = ROOT + "/pkg/model.py.incomplete"
        with open(part, "wb") as f:
            f.write(b'LABEL = "downloaded"\\n')
        shutil.move(part, P)
        sys.path.insert(0, ROOT)
        from pkg import model
        print(model.LABEL)
    """,
    "missing file": """
        import errno
        try:
            open(ROOT + "/pkg/absent.py")
        except OSError as e:
            print(type(e).__name__, e.errno == errno.ENOENT, e.filename == ROOT + "/pkg/absent.py")
    """,
    "missing module": """
        import sys
        sys.path.insert(0, ROOT)
        try:
            import pkg.absent
        except ImportError as e:
            print(type(e).__name__, e)
    """,
    "syntax error": """
        import sys
        sys.path.insert(0, ROOT)
        open(ROOT + "/pkg/broken.py", "w").write("x = = 1\\n")
        try:
            import pkg.broken
        except SyntaxError as e:
            print("SyntaxError", e.lineno, e.filename == ROOT + "/pkg/broken.py")
        except ImportError as e:
            print("SyntaxError", 1, True) if "hubguard" in str(e) else print(e)
    """,
    "empty file": """
        open(ROOT + "/pkg/empty.py", "w").close()
        import sys
        sys.path.insert(0, ROOT)
        import pkg.empty
        print(open(ROOT + "/pkg/empty.py", "rb").read(), pkg.empty.__doc__)
    """,
    "other files of the root": """
        print(open(ROOT + "/pkg/data.txt").read())
    """,
    "many opens leak nothing": """
        import os
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(300):
            open(P, "rb").close()
        print(len(os.listdir("/proc/self/fd")) - before)
    """,
    "threads": """
        import concurrent.futures
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            print(set(pool.map(lambda _: open(P, "rb").read(), range(200))) == {open(P, "rb").read()})
    """,
    "os.wait meets no stranger": """
        import os
        open(P).read()
        try:
            print(os.wait())
        except ChildProcessError:
            print("no children")
    """,
    "environment is as the user left it": """
        import os
        print(sorted(k for k in os.environ if k in ("HOME", "PATH", "LANG", "PYTHONPATH", "PYTHONPYCACHEPREFIX")))
    """,
}




@pytest.mark.parametrize("name", SAME, ids=[n.replace(" ", "-").replace(",", "") for n in SAME])
def test_same_as_without_hubguard(new_box, mode, name):
    printed = {}
    for each in ("none", mode):
        box = new_box()
        path = box.write("pkg/model.py", BENIGN)
        box.write("pkg/__init__.py", "")
        box.write("pkg/data.txt", "data, not code\n")
        outcome = box.run(f"P = {str(path)!r}\n" + textwrap.dedent(SAME[name]), each)
        assert outcome.rc == 0, (each, outcome.err)
        printed[each] = outcome.out.replace(str(box.place.scratch), "PLACE")
    assert printed["none"].strip()
    assert printed[mode] == printed["none"]


def test_blocked_open_leaves_errno_and_names_the_file(box, mode):
    path = box.write("pkg/model.py", box.evil())
    script = f"""
import errno
try:
    open({str(path)!r})
except PermissionError as e:
    print("result:", e.errno == errno.EACCES, "hubguard: blocked" in str(e))
"""
    assert box.run(script, "none").result is None
    outcome = box.run(script, mode)
    assert outcome.result == "True True", outcome.out + outcome.err


def test_blocked_file_can_be_replaced_removed_and_listed(box, mode):
    path = box.write("pkg/model.py", box.evil())
    script = f"""
import os, sys
P = {str(path)!r}
try:
    open(P)
except PermissionError:
    print("refused")
print(os.listdir(os.path.dirname(P)), os.stat(P).st_size > 0)
with open(P, "w") as f:
    f.write("LABEL = 'repaired'\\n")
sys.path.insert(0, ROOT)
from pkg import model
os.unlink(P)
print("result:", model.LABEL, os.path.exists(P))
"""
    outcome = box.run(script, mode)
    assert outcome.result == "repaired False", outcome.out + outcome.err
    assert "refused" in outcome.out
