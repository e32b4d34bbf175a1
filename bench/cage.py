# SPDX-License-Identifier: Apache-2.0
"""What the cage costs: two processes that do the same in turn, one under `hubguard run` and one without, each after it has imported
a guarded module. A machine that changes speed changes both. CPU time is that of the process, its children and its guard."""
import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("HUBGUARD_BUILD", REPO / "build")).resolve()
GUARD = BUILD / "hubguard"

LOOPS = r"""
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static double now(clockid_t clock) { struct timespec t; clock_gettime(clock, &t); return (double)t.tv_sec * 1e9 + (double)t.tv_nsec; }
/* Nanoseconds of CPU time of a call that does next to nothing. */
double plain_call(int n)
{
    double start = now(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < n; i++) syscall(SYS_getppid);
    return (now(CLOCK_THREAD_CPUTIME_ID) - start) / n;
}
/* Nanoseconds of socket + connect + close to a loopback port; *failed counts what was refused. */
double connects(int port, int n, int *failed)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    double start = now(CLOCK_MONOTONIC);
    for (int i = 0; i < n; i++) {
        int s = socket(AF_INET, SOCK_STREAM, 0);
        *failed += connect(s, (struct sockaddr *)&to, sizeof to) != 0;
        close(s);
    }
    return (now(CLOCK_MONOTONIC) - start) / n;
}
"""

# The first guarded files that are opened start what must start and are judged; it must not be what closes the cage.
CLOSE = """
import json, os, sys, threading, time
sys.path.insert(0, os.environ["BENCH_ROOT"])
for name in ("first_remote", "second_remote"): open(os.path.join(os.environ["BENCH_ROOT"], name + ".py")).read()
for _ in range(32): threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
times = [time.perf_counter()]; import first_remote
times.append(time.perf_counter()); import second_remote
times.append(time.perf_counter())
print(json.dumps([(b - a) * 1e3 for a, b in zip(times, times[1:])]), flush=True)
os._exit(0)
"""
# Does a job for each line, and says what it took.
JOBS = """
import ctypes, json, os, sys, time
sys.path.insert(0, os.environ["BENCH_ROOT"])
import first_remote
import torch
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0); torch.set_num_threads(1)
loops = ctypes.CDLL(os.environ["BENCH_LOOPS"])
loops.plain_call.restype = loops.connects.restype = ctypes.c_double

class Data(Dataset):
    def __init__(self, n, shape): self.n, self.items = n, torch.randn(16, *shape)
    def __len__(self): return self.n
    def __getitem__(self, i): return self.items[i % 16], float(i % 2)

layer = torch.nn.TransformerEncoderLayer(128, 4, 512, dropout=0.0, batch_first=True)
model = torch.nn.Sequential(torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), torch.nn.Flatten(), torch.nn.Linear(64 * 128, 1))
step = torch.optim.SGD(model.parameters(), lr=1e-3)
many = DataLoader(Data(3200, (8,)), batch_size=8, num_workers=1, persistent_workers=True)
sequences = DataLoader(Data(192, (64, 128)), batch_size=16, num_workers=1, persistent_workers=True)

def connect(port):
    failed = ctypes.c_int(0)
    took = loops.connects(int(os.environ[port]), 100, ctypes.byref(failed))
    return took * 100 / 1e9, 100, failed.value

def handover():
    begin = time.perf_counter()
    n = sum(1 for _ in many)
    return time.perf_counter() - begin, n, None

def train():
    begin = time.perf_counter()
    for x, y in sequences:
        step.zero_grad()
        loss = (model(x)[:, 0] - y).square().mean()
        loss.backward()
        step.step()
    return time.perf_counter() - begin, len(sequences), loss.item()

jobs = dict(call=lambda: (loops.plain_call(100000) * 100000 / 1e9, 100000, None), connect=lambda: connect("BENCH_PORT"),
            refused=lambda: connect("BENCH_OTHER"), handover=handover, train=train)
for line in sys.stdin: print(json.dumps(jobs[line.strip()]()), flush=True)
"""
APP = """
import os, sys
sys.path.insert(0, os.environ["BENCH_ROOT"])
import first_remote
import socket
import torch, uvicorn
torch.manual_seed(0); torch.set_num_threads(1)
model = torch.nn.Sequential(torch.nn.Linear(64, 256), torch.nn.ReLU(), torch.nn.Linear(256, 8))
async def app(scope, receive, send):
    with torch.inference_mode():
        answer = str(model(torch.full((1, 64), float(scope["path"][1:]))).tolist()).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(answer)).encode())]})
    await send({"type": "http.response.body", "body": answer})
def main():
    listener = socket.socket(proto=socket.IPPROTO_TCP)  # named, so that asyncio sets TCP_NODELAY
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, lifespan="off", access_log=False)).run([listener])
"""
REQUESTS = 200
LISTENER = """
import socket, sys, threading, time
s = [socket.socket() for _ in range(2)]
for x in s: x.bind(("127.0.0.1", 0)); x.listen(4096)
print(*[x.getsockname()[1] for x in s], flush=True)
def serve(x):
    x.setblocking(False)
    while True:
        time.sleep(0.05)  # not between two connects: it would take the CPU from them
        try:
            while True: x.accept()[0].close()
        except BlockingIOError: pass
for x in s: threading.Thread(target=serve, args=(x,), daemon=True).start()
sys.stdin.read()
"""


def cpu(top):
    """Seconds on a CPU of a process and all below it, as the scheduler counts them."""
    parents, used = {}, {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(process.name)] = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            used[int(process.name)] = sum(int((task / "schedstat").read_text().split()[0]) for task in (process / "task").iterdir())
    family = {top}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(used.get(pid, 0) for pid in family) / 1e9


class Pair:
    """The same program without and with hubguard; as a control, without both times."""

    def __init__(self, argv, env, policy, cwd, control=False, **more):
        words = {False: [], True: [] if control else [GUARD, "run", "--policy", policy, "--"]}
        self.processes = {caged: subprocess.Popen([*words[caged], *argv], env=env, cwd=cwd, text=True, stdin=subprocess.PIPE, **more)
                          for caged in words}

    def alternate(self, times, do):
        """do(caged, process) returns seconds, how often, and a result. Gives wall and CPU time of one, and results, as (bare, caged) for
        each turn: what is compared was measured side by side."""
        wall, used, results = [], [], []
        for turn in range(times + 1):
            got = {}
            for caged in ((False, True) if turn % 2 == 0 else (True, False)):
                before = cpu(self.processes[caged].pid)
                seconds, n, result = do(caged, self.processes[caged])
                got[caged] = seconds / n, (cpu(self.processes[caged].pid) - before) / n, result
            if turn:  # the first warms up
                for kind, bare, with_ in zip((wall, used, results), got[False], got[True]):
                    kind.append((bare, with_))
        return wall, used, results

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes.values():
            process.stdin.close()
            process.terminate()
            process.wait()


def job(name):
    def do(_, process):
        process.stdin.write(f"{name}\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    return do


def closing(env, policy, work, row):
    argv = [GUARD, "run", "--policy", policy, "--", sys.executable, "-c", CLOSE]
    runs = [json.loads(subprocess.run(argv, env=env, cwd=work, check=True, stdout=subprocess.PIPE).stdout) for _ in range(9)]
    close, later = (statistics.median(column) for column in zip(*runs))
    row("closing the cage, 32 threads (import of the first remote module less a second one)", f"{close - later:.2f} ms", "<= 5 ms")


def above(pairs, unit):
    return f"{statistics.median(caged - bare for bare, caged in pairs) * {'ns': 1e9, 'us': 1e6}[unit]:.0f} {unit}"


def ratio(pairs):
    return f"{statistics.median(caged / bare for bare, caged in pairs):.3f}"


def jobs(env, policy, work, row):
    with Pair([sys.executable, "-c", JOBS], env, policy, work, stdout=subprocess.PIPE) as pair:
        wall, _, _ = pair.alternate(20, job("call"))
        row("system call that nobody mediates, above bare: CPU time", above(wall, "ns"), "<= 100 ns")
        wall, used, failed = pair.alternate(20, job("connect"))
        assert set(failed) == {(0, 0)}, failed
        row("brokered connect, above bare (loopback): wall time", above(wall, "us"), "<= 120 us")
        row("brokered connect, above bare (loopback): CPU time with the guard's", above(used, "us"), "-")
        wall, used, failed = pair.alternate(20, job("refused"))
        assert set(failed) == {(0, 100)}, failed
        row("refused connect, whole: wall time", above([(0, caged) for _, caged in wall], "us"), "<= 60 us")
        row("refused connect, whole: CPU time with the guard's", above([(0, caged) for _, caged in used], "us"), "-")
        wall, used, _ = pair.alternate(9, job("handover"))
        row("batch of two tensors from a data loader's worker, above bare: wall time", above(wall, "us"), "-")
        row("batch of two tensors from a data loader's worker, above bare: CPU time", above(used, "us"), "-")
        wall, used, losses = pair.alternate(15, job("train"))
        assert all(bare == caged for bare, caged in losses), losses  # the same numbers come out
        step = statistics.median(bare for bare, _ in wall)
        row(f"training, {step * 1e3:.0f} ms a step, data loader worker: time of a step, with / without", ratio(wall), "<= 1.02")
        row("training, data loader worker: CPU time, with / without", ratio(used), "<= 1.02")


def serving(env, policy, work, row):
    """One client that keeps its connection, so that what is counted is the server."""
    (work / "serving.py").write_text(APP)
    argv = [sys.executable, "-c", "import serving; serving.main()"]
    clients = {}

    def do(caged, _):
        begin, answers = time.perf_counter(), []
        for number in range(REQUESTS):
            clients[caged].request("GET", f"/{number}")
            answers.append(clients[caged].getresponse().read())
        return time.perf_counter() - begin, REQUESTS, answers

    def compare(control):
        """Two processes of one program differ by a few percent, by where their memory lies: four pairs of them."""
        wall, used = [], []
        for _ in range(4):
            with Pair(argv, env, policy, work, control, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as pair:
                for caged, process in pair.processes.items():
                    clients[caged] = http.client.HTTPConnection("127.0.0.1", int(process.stdout.readline()), timeout=60)
                more_wall, more_used, answers = pair.alternate(20, do)
            assert all(bare == caged for bare, caged in answers)
            wall += more_wall
            used += more_used
        return wall, used

    wall, used = compare(control=False)
    without, with_ = (1 / statistics.median(column) for column in zip(*wall))
    row("inference server (uvicorn), one client: requests per second, with (without)", f"{with_:.0f} ({without:.0f})", "-")
    row("inference server (uvicorn): time of a request, with / without", ratio(wall), "<= 1.02")
    row("inference server (uvicorn): CPU time of a request, with / without", ratio(used), "<= 1.02")
    wall, used = compare(control=True)
    row("the same server against itself, as a control: time, CPU time", f"{ratio(wall)}, {ratio(used)}", "-")


def measure(home, environment, row):
    root = home / "root"
    work = home / "work"
    root.mkdir()
    work.mkdir()
    (root / "first_remote.py").write_text("x = 1\n")
    (root / "second_remote.py").write_text("x = 2\n")
    (home / "loops.c").write_text(LOOPS)
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", home / "loops.so", home / "loops.c"], check=True)
    listener = subprocess.Popen([sys.executable, "-c", LISTENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        port, other = listener.stdout.readline().split()
        policy = home / "policy.ini"
        policy.write_text(f"[net]\nallow = 127.0.0.1:{port}\n")
        policy.chmod(0o644)
        env = environment(home, False)
        env.update(BENCH_ROOT=str(root), BENCH_LOOPS=str(home / "loops.so"), BENCH_PORT=port, BENCH_OTHER=other, HUBGUARD_ROOTS=str(root))
        closing(env, policy, work, row)
        jobs(env, policy, work, row)
        serving(env, policy, work, row)
    finally:
        listener.stdin.close()
        listener.wait()
