#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What hubguard costs, as ratios within one run. `make bench` calls this; README quotes it.

Times are medians of alternating runs (with, without, with, ...), so that a machine that changes speed changes both;
start-up is counted in instructions by callgrind, because its time is noise. Nothing here passes or fails."""
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cage import measure

REPO = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("HUBGUARD_BUILD", REPO / "build")).resolve()
SHIM, GUARD = BUILD / "libhubguard.so", BUILD / "hubguard"
PYTHON = sys.executable
rows = []


def row(what, value, target):
    rows.append((what, value, target))
    print(f"{what:<74} {value:>16}   target {target}", flush=True)


def environment(home, guarded):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUBGUARD_", "XDG_", "TORCH_"))}
    env.update(HOME=str(home), HF_HUB_OFFLINE="1", PYTHONHASHSEED="0", HF_HUB_DISABLE_TELEMETRY="1")
    env.pop("LD_PRELOAD", None)
    if guarded:
        env["LD_PRELOAD"] = str(SHIM)
    return env


def run(argv, env, **kw):
    return subprocess.run(argv, env=env, check=True, capture_output=True, text=True, **kw)


def instructions(home, guarded):
    out = home / "callgrind.out"
    text = run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", PYTHON, "-c", "pass"],
               environment(home, guarded)).stderr
    return int(re.search(r"Collected : (\d+)", text).group(1))


def start_up(home):
    row("python -c pass: instructions with / without", f"{instructions(home, True) / instructions(home, False):.4f}", "<= 1.02")


OPEN_LOOP = """
import os, time
path = os.environ["BENCH_FILE"]
o, c = os.open, os.close
for _ in range(20000): c(o(path, 0))
t = time.perf_counter()
for _ in range(200000): c(o(path, 0))
print(time.perf_counter() - t)
"""


# The libc's own open and the one that the process calls, in turn in one process: a machine that changes speed changes both.
C_LOOP = """
#include <fcntl.h>
#include <time.h>
#include <unistd.h>
typedef int fn(const char *, int, ...);
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}
void loop(fn *own, fn *called, const char *path, int turns, int n, double *times)
{
    for (int i = 0; i < 2 * turns; i++) {
        int hooked = (i >> 1 ^ i) & 1; /* which of a pair comes first changes from pair to pair */
        fn *f = hooked ? called : own;
        double start = now();
        for (int k = 0; k < n; k++) close(f(path, O_RDONLY));
        times[(hooked ? turns : 0) + i / 2] = now() - start;
    }
}
"""
C_OPEN_LOOP = """
import ctypes, os, statistics
loop = ctypes.CDLL(os.environ["BENCH_LOOP"]).loop
own, called = (ctypes.cast(ctypes.CDLL(name).open, ctypes.c_void_p) for name in ("libc.so.6", None))
times = (ctypes.c_double * 2000)()
loop(own, called, os.environ["BENCH_FILE"].encode(), 1000, 100, times)
print(statistics.median(times[1000:]) / statistics.median(times[:1000]))
"""


def alternate(argv, home, extra=None, times=7):
    """Medians of (without, with)."""
    got = {False: [], True: []}
    for _ in range(times):
        for guarded in (False, True):
            env = environment(home, guarded)
            env.update(extra or {})
            got[guarded].append(float(run(argv, env).stdout.split()[-1]))
    return statistics.median(got[False]), statistics.median(got[True])


def open_close(home):
    path = home / "plain.txt"
    path.write_text("x")
    without, with_ = alternate([PYTHON, "-c", OPEN_LOOP], home, {"BENCH_FILE": str(path)})
    row("os.open + os.close of an unguarded file in Python: time with / without", f"{with_ / without:.3f}", "-")
    (home / "loop.c").write_text(C_LOOP)
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", home / "loop.so", home / "loop.c"], check=True)
    env = dict(environment(home, True), BENCH_FILE=str(path), BENCH_LOOP=str(home / "loop.so"))
    ratio = statistics.median(float(run([PYTHON, "-c", C_OPEN_LOOP], env).stdout) for _ in range(5))
    row("open + close of an unguarded file in C code: CPU time, hooked / libc's own", f"{ratio:.3f}", "<= 1.03")


def module_text(n):
    """A module of some 100 KB that looks like model code; each n gives other bytes."""
    part = ("class Layer{i}(Base):\n    def __init__(self, config):\n        super().__init__()\n"
            "        self.hidden_size = config.hidden_size\n        self.act = ACT[config.hidden_act]\n\n"
            "    def forward(self, hidden_states, attention_mask=None):\n"
            "        query = self.query(hidden_states).view(*hidden_states.shape[:-1], -1, self.hidden_size)\n"
            "        return self.act(query.transpose(1, 2)), attention_mask\n\n\n")
    text = f"# module {n}\nclass Base:\n    pass\n\n\nACT = {{}}\n\n\n"
    i = 0
    while len(text) < 100_000:
        text += part.format(i=i)
        i += 1
    return text


GATE = """
import os, sys, time, json
root = os.environ["BENCH_ROOT"]
def once(name):
    t = time.perf_counter()
    with open(os.path.join(root, name), "rb") as f: f.read()
    return (time.perf_counter() - t) * 1000
first = once("m0.py")
cold = [once(f"m{i}.py") for i in range(1, 16)]
cached = [once(f"m{i}.py") for i in range(1, 16)]
rss = []
for p in os.listdir("/proc"):
    if p.isdigit():
        try: argv = open(f"/proc/{p}/cmdline").read().split("\\0")
        except OSError: continue
        if len(argv) > 5 and argv[1] == "serve" and argv[5] == str(os.getpid()):
            rss += [int(l.split()[1]) for l in open(f"/proc/{p}/status") if l.startswith("VmRSS")]
print(json.dumps([first, sorted(cold)[7], sorted(cached)[7], max(rss) / 1024, sum(rss) / 1024]))
"""


def gate(home):
    root = home / ".cache/huggingface/modules/bench"
    root.mkdir(parents=True)
    got = []
    for turn in range(5):
        for n in range(16):
            (root / f"m{n}.py").write_text(module_text(f"{turn}.{n}"))
        env = environment(home, True)
        env["BENCH_ROOT"] = str(root)
        got.append(json.loads(run([PYTHON, "-c", GATE], env).stdout))
    first, cold, cached, rss, whole = (statistics.median(column) for column in zip(*got))
    row("first decision, guard not running, 100 KB module", f"{first:.1f} ms", "<= 60 ms")
    row("later file, not seen before, 100 KB module", f"{cold:.2f} ms", "<= 20 ms")
    row("later file, verdict cached, 100 KB module", f"{cached:.3f} ms", "<= 1 ms")
    row("guard process, resident (with its two scan workers)", f"{rss:.1f} ({whole:.1f}) MiB", "<= 64 MiB")


COMPILE = """
import sys, time
text = open(sys.argv[1], "rb").read()
best = 9e9
for _ in range(9):
    t = time.perf_counter(); compile(text, "m.py", "exec"); best = min(best, time.perf_counter() - t)
print(best * 1000)
"""


def recompile(home):
    import transformers
    path = Path(transformers.__file__).parent / "models/llama/modeling_llama.py"
    ms = float(run([PYTHON, "-c", COMPILE, str(path)], environment(home, False)).stdout)
    row(f"compiling a real {path.stat().st_size // 1024} KB modeling file again (no bytecode)", f"{ms:.1f} ms", "-")


def cost(argv, env):
    """Wall time, and user + system CPU time, of one whole process; the guard is no child and is not in the second."""
    start = time.perf_counter()
    process = subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (argv, process.returncode)
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime


LOAD = """
import sys, time
from transformers import {cls}
t = time.perf_counter()
{cls}.from_pretrained(sys.argv[1], trust_remote_code=True)
print(time.perf_counter() - t)
"""


def loads(home):
    """A model with code of its own, in a local folder; the load copies it into the modules cache and runs it from there."""
    sys.path.insert(0, str(REPO / "examples"))
    model = REPO / "examples/gallery/benign-model/repo"
    if not model.is_dir():
        return
    local = home / "model"
    shutil.copytree(model, local)
    for what, cls in (("AutoConfig.from_pretrained", "AutoConfig"),):
        script = LOAD.format(cls=cls)
        run([PYTHON, "-c", script, str(local)], environment(home, False))
        times = {"wall time": [], "CPU time": []}
        for turn in range(9):
            got = {guarded: cost([PYTHON, "-c", script, str(local)], environment(home, guarded))
                   for guarded in ((False, True) if turn % 2 == 0 else (True, False))}
            for i, kind in enumerate(times):
                times[kind].append((got[True][i], got[False][i]))
        for kind, pairs in times.items():
            with_, without = (statistics.median(column) for column in zip(*pairs))
            note = " of the process itself" if kind == "CPU time" else ""
            row(f"{what}(trust_remote_code=True), warm: {kind}{note}, with / without", f"{with_ / without:.3f}", "<= 1.03")


def scanner(home):
    import transformers
    corpus = home / "corpus"
    corpus.mkdir()
    files = sorted((Path(transformers.__file__).parent / "models").glob("*/modeling_*.py"))[:100]
    for f in files:
        shutil.copy(f, corpus / f"{f.parent.name}_{f.name}")
    size = sum(f.stat().st_size for f in corpus.iterdir()) / 1e6

    def best(argv, ok=(0, 1), times=3):
        t = []
        for _ in range(times):
            start = time.perf_counter()
            code = subprocess.run(argv, capture_output=True, env=environment(home, False)).returncode
            assert code in ok, (argv, code)
            t.append(time.perf_counter() - start)
        return statistics.median(t)

    ours = best([GUARD, "scan", "--jobs", "1", "--format", "json", corpus])
    one = max(corpus.iterdir(), key=lambda f: -abs(f.stat().st_size - 80_000))
    ours_one = best([GUARD, "scan", "--jobs", "1", "--format", "json", one], times=9)
    row(f"hubguard scan of {len(files)} modeling files, one core", f"{size / ours:.0f} MB/s", "> 63 MB/s")
    try:
        import bandit  # noqa: F401
    except ImportError:
        print("bandit is not installed: no comparison")
        return
    theirs = best([PYTHON, "-m", "bandit", "-q", "-f", "json", "-r", corpus], times=1)
    theirs_one = best([PYTHON, "-m", "bandit", "-q", "-f", "json", one])
    row("bandit / hubguard, the same files", f"{theirs / ours:.0f} times", ">= 100 times")
    row(f"bandit / hubguard, one file of {one.stat().st_size // 1000} KB, whole command", f"{theirs_one / ours_one:.0f} times", ">= 100 times")


def cage(home):
    measure(home, environment, row)


def main():
    for binary in (SHIM, GUARD):
        if not binary.exists():
            sys.exit(f"bench: {binary} is missing; run make first")
    for step in (start_up, open_close, gate, recompile, loads, cage, scanner):
        home = Path(tempfile.mkdtemp(prefix="bench-", dir=BUILD))  # where remote code may write, no verdict cache is used
        try:
            step(home)
        finally:
            shutil.rmtree(home, ignore_errors=True)


main()
