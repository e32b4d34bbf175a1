# SPDX-License-Identifier: Apache-2.0
"""Real work under the system call filter alone: what loading, inference and training take is allowed, by both bases."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import PYTHONS

REPO = Path(__file__).resolve().parents[2]
TOOL = Path(os.environ.get("HUBGUARD_BUILD", REPO / "build")).resolve() / "tools" / "cage_exec"

STANDARD_LIBRARY = '''
import asyncio, concurrent.futures, fcntl, glob, mmap, multiprocessing, os, resource, select, shutil, signal, socket, sqlite3
import ssl, subprocess, sys, tempfile, threading, time


def square(x):
    return x * x


def files():
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "x")
    with open(path, "wb") as f:
        f.write(b"x" * 100000)
        os.fsync(f.fileno())
        fcntl.flock(f, fcntl.LOCK_EX)
    with open(path, "rb") as f:
        with mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as m:
            assert m[5] == 120
    shutil.copyfile(path, path + "2")
    os.replace(path, path + "3")
    os.symlink("x3", path)
    os.link(path + "3", path + "4")
    os.utime(path + "3")
    assert len(os.listdir(folder)) == len(glob.glob(folder + "/*")) == 4 and os.path.realpath(path).endswith("x3")
    shutil.disk_usage(folder)
    with sqlite3.connect(os.path.join(folder, "db")) as db:
        db.execute("create table t(a)")
    db.close()
    os.umask(0o22)
    shutil.rmtree(folder)


def processes():
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert pool.map(square, range(8)) == [x * x for x in range(8)]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assert len(list(pool.map(square, range(20)))) == 20
    run = subprocess.run([sys.executable, "-c", "print(1)"], stdout=subprocess.PIPE, cwd="/")
    assert run.stdout == b"1\\n"
    assert subprocess.Popen([sys.executable, "-c", ""], start_new_session=True, close_fds=False).wait() == 0
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    time.sleep(0.03)
    resource.getrusage(resource.RUSAGE_CHILDREN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.sched_getaffinity(0), os.getloadavg(), os.cpu_count(), os.urandom(4), os.uname()


def sockets():
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        with server.accept()[0] as c:
            c.sendall(c.recv(9))

    thread = threading.Thread(target=serve)
    thread.start()
    with socket.create_connection(server.getsockname(), timeout=5) as c:
        c.sendall(b"hello")
        assert c.recv(9) == b"hello"
    thread.join()
    select.select([], [], [], 0.01)
    ssl.create_default_context()

    async def tick():
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(2)", stdout=asyncio.subprocess.PIPE)
        assert (await process.communicate())[0] == b"2\\n"

    asyncio.run(tick())


if __name__ == "__main__":
    files()
    processes()
    sockets()
    print("done")
'''

MODELS = '''
import tempfile
import torch
from torch.utils.data import DataLoader, TensorDataset

DATA = TensorDataset(torch.randn(32, 8), torch.arange(32) % 2)

if __name__ == "__main__":
    from transformers import AutoModel, BertConfig, BertModel

    folder = tempfile.mkdtemp()
    config = BertConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, vocab_size=100)
    BertModel(config).save_pretrained(folder)
    out = AutoModel.from_pretrained(folder)(torch.ones(1, 8, dtype=torch.long))
    assert out.last_hidden_state.shape == (1, 8, 32)
    net = torch.nn.Linear(8, 2)
    optimizer = torch.optim.Adam(net.parameters())
    for start in ("fork", "spawn"):
        for x, y in DataLoader(DATA, batch_size=16, num_workers=2, multiprocessing_context=start):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(x), y).backward()
            optimizer.step()
    torch.save(net.state_dict(), folder + "/net.pt")
    net.load_state_dict(torch.load(folder + "/net.pt", weights_only=True, mmap=True))
    print("done")
'''

REFUSED = '''
import ctypes, os, socket

libc = ctypes.CDLL(None, use_errno=True)


def errno_of(act):
    try:
        act()
    except OSError as error:
        return error.errno
    return 0


print(errno_of(lambda: os.chmod("/tmp", 0o1777)))
print(errno_of(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))
print(errno_of(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)))
libc.unshare(0x10000000)
print(ctypes.get_errno())
libc.ptrace(0, 0, 0, 0)
print(ctypes.get_errno())
libc.syscall(425, 1, 0)
print(ctypes.get_errno())
'''


@pytest.fixture(scope="module")
def tool():
    subprocess.run(["make", "--no-print-directory", "-s", f"BUILD={TOOL.parents[1]}", str(TOOL)], cwd=REPO, check=True)
    return TOOL


@pytest.fixture
def caged(tool, tmp_path):
    """Run a script under the filter of a policy: its output, and the calls that were refused."""

    def run(script, policy, python=sys.executable):
        for name, text in (("main.py", script), ("policy.ini", policy)):
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o600)
        log = tmp_path / "log"
        done = subprocess.run([tool, tmp_path / "policy.ini", log, python, tmp_path / "main.py"], capture_output=True, text=True,
                              timeout=300, env={**os.environ, "HF_HUB_OFFLINE": "1", "TMPDIR": str(tmp_path)})
        return done, [line.split()[0] for line in log.read_text().splitlines()]

    return run


def all_went_well(done, refused):
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    # As root, sqlite gives its files to the owner of the database, and does not mind when it cannot.
    assert set(refused) <= {"fchown"}


@pytest.mark.parametrize("python, version", PYTHONS, ids=[f"{version}-{i}" for i, (_, version) in enumerate(PYTHONS)])
def test_standard_library(caged, python, version):
    all_went_well(*caged(STANDARD_LIBRARY, "[syscalls]\nbase = strict\n", python))


@pytest.mark.parametrize("base", ["default", "strict"])
def test_models(caged, base):
    all_went_well(*caged(MODELS, f"[syscalls]\nbase = {base}\n"))


def test_what_is_refused(caged):
    done, refused = caged(REFUSED, "")
    assert done.stdout.split() == ["1"] * 6, done.stderr
    assert refused == ["chmod", "socket", "socket", "unshare", "ptrace", "io_uring_setup"]
