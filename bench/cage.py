# SPDX-License-Identifier: Apache-2.0
"""What the cage costs: the same script with a guarded module imported first, under `hubguard run` and without."""
import json
import os
import statistics
import subprocess
import sys
import textwrap
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("HUBGUARD_BUILD", REPO / "build")).resolve()
GUARD = BUILD / "hubguard"

LOOPS = r"""
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1e9 + t.tv_nsec; }
double plain_call(int n) { double t = now(); for (int i = 0; i < n; i++) syscall(SYS_getppid); return (now() - t) / n; }
/* Nanoseconds of socket + connect + close to a loopback port; *failed counts what was refused. */
double connects(int port, int n, int *failed)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    double t = now();
    for (int i = 0; i < n; i++) {
        int s = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(s, (struct sockaddr *)&to, sizeof to) != 0)
            ++*failed;
        close(s);
    }
    return (now() - t) / n;
}
"""

# Runs with the module imported first; prints one JSON object.
HEAD = """
import ctypes, json, os, sys, threading, time
sys.path.insert(0, os.environ["BENCH_ROOT"])
import warm_gate
idle = [threading.Thread(target=time.sleep, args=(3600,), daemon=True) for _ in range(int(os.environ["BENCH_THREADS"]))]
for t in idle: t.start()
begin = time.perf_counter(); import first_remote; close_ms = (time.perf_counter() - begin) * 1e3
begin = time.perf_counter(); import second_remote; later_ms = (time.perf_counter() - begin) * 1e3
"""
CALLS = HEAD + """
loops = ctypes.CDLL(os.environ["BENCH_LOOPS"])
loops.plain_call.restype = loops.connects.restype = ctypes.c_double
loops.plain_call(100000)
failed = ctypes.c_int(0)
port, other = int(os.environ["BENCH_PORT"]), int(os.environ["BENCH_OTHER"])
loops.connects(port, 200, ctypes.byref(failed))
out = {"close_ms": close_ms, "later_ms": later_ms, "plain_ns": min(loops.plain_call(400000) for _ in range(5))}
failed.value = 0
out["connect_us"] = min(loops.connects(port, 1000, ctypes.byref(failed)) for _ in range(5)) / 1e3
out["connect_failed"] = failed.value
out["refused_us"] = min(loops.connects(other, 500, ctypes.byref(failed)) for _ in range(3)) / 1e3
out["refused"] = failed.value - out["connect_failed"]
print(json.dumps(out))
"""
TRAIN = HEAD + """
import torch
from torch.utils.data import DataLoader, TensorDataset
torch.manual_seed(0); torch.set_num_threads(1)
data = DataLoader(TensorDataset(torch.randn(2048, 256), torch.randn(2048, 8)), batch_size=32, num_workers=1)
model = torch.nn.Sequential(torch.nn.Linear(256, 256), torch.nn.ReLU(), torch.nn.Linear(256, 8))
step = torch.optim.SGD(model.parameters(), lr=1e-3)
def epoch():
    for x, y in data:
        step.zero_grad(); loss = torch.nn.functional.mse_loss(model(x), y); loss.backward(); step.step()
    return float(loss)
epoch()
begin = time.perf_counter()
for _ in range(6): loss = epoch()
seconds = time.perf_counter() - begin
torch.save(model.state_dict(), "checkpoint.pt")
print(json.dumps({"batches_per_s": 6 * len(data) / seconds, "loss": loss}))
"""
LISTENER = """
import socket, sys, threading
s = [socket.socket() for _ in range(2)]
for x in s: x.bind(("127.0.0.1", 0)); x.listen(1024)
print(*[x.getsockname()[1] for x in s], flush=True)
def serve(x):
    while True: x.accept()[0].close()
for x in s: threading.Thread(target=serve, args=(x,), daemon=True).start()
sys.stdin.read()
"""


def run(script, env, policy, guarded, cwd):
    argv = [sys.executable, "-c", script]
    if guarded:
        argv = [GUARD, "run", "--policy", policy, "--", *argv]
    done = subprocess.run(argv, env=env, cwd=cwd, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure(home, environment, row):
    root = home / "root"
    work = home / "work"
    root.mkdir()
    work.mkdir()
    # The first guarded file asks for limits and starts what must start; it must not be what closes the cage.
    (home / "gate").mkdir()
    (root / "first_remote.py").write_text("x = 1\n")
    (root / "second_remote.py").write_text("x = 2\n")
    (home / "warm_gate.py").write_text(f"open({str(root / 'second_remote.py')!r}).read()\n")
    (home / "loops.c").write_text(textwrap.dedent(LOOPS))
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", home / "loops.so", home / "loops.c"], check=True)
    listener = subprocess.Popen([sys.executable, "-c", LISTENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        port, other = listener.stdout.readline().split()
        policy = home / "policy.ini"
        policy.write_text(f"[net]\nallow = 127.0.0.1:{port}\n")
        env = environment(home, False)
        env.update(BENCH_ROOT=str(root), BENCH_LOOPS=str(home / "loops.so"), BENCH_PORT=port, BENCH_OTHER=other, BENCH_THREADS="32",
                   HUBGUARD_ROOTS=str(root), PYTHONPATH=str(home))
        got = {guarded: [run(CALLS, env, policy, guarded, work) for _ in range(3)] for guarded in (False, True)}
        median = {g: {k: statistics.median(r[k] for r in runs) for k in runs[0]} for g, runs in got.items()}
        bare, caged = median[False], median[True]
        assert caged["connect_failed"] == 0 and bare["refused"] == 0 and caged["refused"] == 1500, (bare, caged)
        row("closing the cage, 32 threads (import of the first remote module less a later one)", f"{caged['close_ms'] - caged['later_ms']:.2f} ms", "<= 5 ms")
        row("unmediated system call under the filter, above bare", f"{caged['plain_ns'] - bare['plain_ns']:.0f} ns", "<= 100 ns")
        row("brokered connect, above bare (loopback)", f"{caged['connect_us'] - bare['connect_us']:.0f} us", "<= 120 us")
        row("refused connect, whole", f"{caged['refused_us']:.0f} us", "<= 60 us")
        env["BENCH_THREADS"] = "0"
        speeds = {False: [], True: []}
        losses = set()
        for _ in range(5):
            for guarded in (False, True):
                r = run(TRAIN, env, policy, guarded, work)
                speeds[guarded].append(r["batches_per_s"])
                losses.add(r["loss"])
        assert len(losses) == 1, losses  # the same numbers come out
        row("training loop with a data loader worker: batches per second with / without",
            f"{statistics.median(speeds[True]) / statistics.median(speeds[False]):.3f}", ">= 0.98")
    finally:
        listener.stdin.close()
        listener.wait()
