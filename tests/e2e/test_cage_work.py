# SPDX-License-Identifier: Apache-2.0
"""Real work in the cage. After custom code was loaded, everything that training and inference do must go on as before: the weights
that are fetched afterwards, worker processes, checkpoints, logs. A refusal here is a false one."""
import json
import sys

import conftest
import lab
import pytest

sys.path.insert(0, str(conftest.REPO / "tests" / "evasion" / "cage"))
import cage_stage  # noqa: E402
from cage_stage import new_stage, programs  # noqa: E402, F401

CASES = {case.token: case for case in lab.CASES}


def summary(place):
    (found,) = [event for event in place.events() if event["type"] == "summary"]
    return found


def acts(place, *verdicts):
    return [event for event in place.events() if event["type"] == "act" and event["verdict"] in verdicts]


def in_force(place):
    """The cage was in force, the report says so, and nothing was refused."""
    told = summary(place)
    for what in ("seccomp cage", "landlock abi", "network broker"):
        assert any(each.startswith(what) for each in told["in_force"]), told
    closed = [event for event in place.events() if event["type"] == "cage"]
    assert closed and {event["verdict"] for event in closed} == {"closed"}, closed
    refused = acts(place, "refuse", "would-refuse")
    assert refused == [], "\n".join(map(str, refused))
    assert told["counts"]["acts_refused"] == 0


# --- models, through the real loaders ---------------------------------------------------------------------------


@pytest.fixture
def closing_hub():
    """A hub that closes each connection after its answer, so that every request needs a new one."""
    server = lab.Hub()
    server.server.RequestHandlerClass = type("Closing", (server.server.RequestHandlerClass,), {"protocol_version": "HTTP/1.0"})
    with server:
        yield server


def test_weights_are_fetched_after_the_code(new_place, guarded, closing_hub, listener):
    """The hub's own client downloads the weights when the cage is closed already; the numbers are the same."""
    hub = closing_hub
    results = {}
    for mode in ("none", "run"):
        place = new_place()
        argv = lab.prepare(CASES["benign-model"], place, hub, listener, f"cage.{mode}")
        asked = len(hub.requests)
        outcome = guarded.run(mode, argv, place)
        assert outcome.rc == 0, outcome.err
        results[mode] = outcome.result
        got = [path.rpartition("/")[2] for method, path in hub.requests[asked:] if method == "GET"]
        assert got.index("model.safetensors") > max(i for i, name in enumerate(got) if name.endswith(".py")), got
    assert results["none"] == results["run"]
    in_force(place)
    (first,) = [event for event in place.events() if event["type"] == "cage"]
    assert "configuration_tiny_numbers" in first["path"], "it closed at the first custom code of all, long before the weights"
    assert [event["object"] for event in acts(place, "allow") if event["act"] == "connect"] == [hub.url.partition("//")[2]]


DATA = """
import torch


class Numbers(torch.utils.data.Dataset):
    def __len__(self):
        return 16

    def __getitem__(self, i):
        return torch.arange(6) + i
"""

TRAIN = """
import sys


def main():
    import logging

    import torch
    from data import Numbers
    from tqdm import tqdm
    from transformers import AutoModel, AutoTokenizer

    logging.basicConfig(filename="train.log", level=logging.INFO)
    torch.manual_seed(0)
    name, revision, words, words_revision = sys.argv[1:]
    model = AutoModel.from_pretrained(name, revision=revision, trust_remote_code=True)
    tokenizer = AutoTokenizer.from_pretrained(words, revision=words_revision, trust_remote_code=True)
    head = torch.nn.Linear(16, 1)
    optimizer = torch.optim.AdamW(head.parameters(), lr=0.1)
    losses = []
    for context in ("fork", "spawn"):
        loader = torch.utils.data.DataLoader(Numbers(), batch_size=4, num_workers=2, multiprocessing_context=context)
        for batch in tqdm(loader):
            loss = head(model(batch)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            logging.info("loss %f", loss.item())
    torch.save({"head": head.state_dict(), "optimizer": optimizer.state_dict()}, "checkpoint.pt")
    model.save_pretrained("saved")
    tokenizer.save_pretrained("saved-words")
    torch.load("checkpoint.pt", weights_only=True)
    again = AutoModel.from_pretrained("saved", trust_remote_code=True)
    same = torch.equal(again(torch.arange(6)[None]), model(torch.arange(6)[None]))
    print("result:", same, type(tokenizer).__name__, *[x.hex() for x in losses])


if __name__ == "__main__":
    main()
"""


def test_training(new_place, guarded, hub, tmp_path):
    """Two repositories, a training loop with worker processes of both kinds, a checkpoint, a log, the model saved and loaded again."""
    results = {}
    for mode in ("none", "run"):
        place = new_place()
        place.env["HF_ENDPOINT"] = hub.url
        arguments = []
        for case in ("benign-model", "benign-tokenizer"):
            place.repo = tmp_path / f"{case}-{mode}"
            repository = lab.GALLERY / case / "repo"
            place.repo.mkdir()
            for path in repository.iterdir():
                (place.repo / path.name).write_bytes(path.read_bytes())
            if (lab.GALLERY / case / "prepare.py").exists():
                namespace = {}
                exec((lab.GALLERY / case / "prepare.py").read_text(), namespace)
                namespace["prepare"](place)
            arguments += [f"work/{case}", hub.add(f"work/{case}", place.repo)]
        work = place.scratch / "work"
        (work / "data.py").write_text(DATA)
        (work / "train.py").write_text(TRAIN)
        outcome = guarded.run(mode, [sys.executable, "train.py", *arguments], place, timeout=300)
        assert outcome.rc == 0, outcome.err
        results[mode] = outcome.result
        assert outcome.result.startswith("True ")
        assert (work / "checkpoint.pt").stat().st_size and (work / "saved" / "model.safetensors").stat().st_size
        assert len((work / "train.log").read_text().splitlines()) >= 8
    assert results["none"] == results["run"]
    in_force(place)
    (closed,) = [event for event in place.events() if event["type"] == "cage"]
    assert closed["verdict"] == "closed", "one cage, for both repositories and every worker"
    judged = {event["repository"] for event in place.events() if event["type"] == "file"}
    assert {"work/benign-model", "work/benign-tokenizer"} <= judged


# --- everything else that a process does, without torch ---------------------------------------------------------

WORK = """
import asyncio
import concurrent.futures
import http.client
import json
import logging
import mmap
import multiprocessing
import multiprocessing.shared_memory
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HUB = os.environ["HF_ENDPOINT"]


def square(x):
    return x * x


def pools():
    for context in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(context).Pool(2) as pool:
            yield context, pool.map(square, range(4))


def processes():
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        return list(pool.map(square, range(4)))


def manager():
    with multiprocessing.Manager() as manager:
        shared = manager.dict()
        worker = multiprocessing.Process(target=shared.update, args=({"a": 1},))
        worker.start()
        worker.join()
        return dict(shared)


def queues():
    queue, pipe = multiprocessing.Queue(), multiprocessing.Pipe()
    worker = multiprocessing.Process(target=lambda: (queue.put(1), pipe[1].send(2)))
    worker.start()
    found = queue.get(timeout=20), pipe[0].recv()
    worker.join()
    return found


def shared_memory():
    block = multiprocessing.shared_memory.SharedMemory(create=True, size=64)
    other = multiprocessing.shared_memory.SharedMemory(block.name)
    block.buf[0] = 7
    found = other.buf[0]
    other.close()
    block.close()
    block.unlink()
    return found


def children():
    code = "import sys, json; print(json.dumps(sys.argv[1:]))"
    plain = subprocess.run([sys.executable, "-c", code, "a"], capture_output=True, text=True, check=True).stdout
    clean = subprocess.run([sys.executable, "-c", code, "b"], capture_output=True, text=True, check=True, env={}).stdout
    spawned = os.posix_spawn(sys.executable, [sys.executable, "-c", "raise SystemExit(3)"], os.environ)
    forked = os.fork()
    if forked == 0:
        os.execv(sys.executable, [sys.executable, "-c", "raise SystemExit(4)"])
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in (spawned, forked)]
    return plain, clean, codes


def threads():
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return sum(pool.map(square, range(100)))


def files():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "a")
        path.write_text("one")
        path.chmod(0o640)
        os.utime(path, (1, 1))
        shutil.copy2(path, path.with_name("b"))
        os.link(path, path.with_name("c"))
        os.symlink(path, path.with_name("d"))
        os.rename(path, path.with_name("e"))
        os.truncate(path.with_name("e"), 1)
        found = sorted(os.listdir(folder)), path.with_name("b").stat().st_mode & 0o777
        shutil.move(str(path.with_name("e")), "moved")
    with tempfile.NamedTemporaryFile() as f, tempfile.TemporaryFile() as g:
        f.write(b"1")
        g.write(b"1")
    os.makedirs("deep/er", exist_ok=True)
    shutil.rmtree("deep")
    with open("mapped", "w+b") as f:
        f.truncate(4096)
        mapped = mmap.mmap(f.fileno(), 4096)
        mapped[:4] = b"data"
        mapped.flush()
    base = sqlite3.connect("base.db")
    base.execute("create table t (a)")
    base.commit()
    open(os.devnull, "w").write("x")
    os.memfd_create
    return found


def logs():
    logging.basicConfig(filename="work.log", level=logging.INFO)
    logging.info("done")
    return pathlib.Path("work.log").read_text()


def clients():
    url = HUB + "/api/models/work/clients"
    host = HUB.partition("//")[2]
    found = {"urllib": urllib.request.urlopen(url).status}
    client = http.client.HTTPConnection(host)
    client.request("GET", "/api/models/work/clients")
    found["http.client"] = client.getresponse().status
    with socket.create_connection(tuple(host.split(":")), timeout=10) as sock:
        sock.sendall(b"GET /api/models/work/clients HTTP/1.0\\r\\n\\r\\n")
        found["socket"] = int(sock.recv(100).split()[1])

    async def ask():
        reader, writer = await asyncio.open_connection(*host.split(":"))
        writer.write(b"GET /api/models/work/clients HTTP/1.0\\r\\n\\r\\n")
        line = await reader.readline()
        writer.close()
        return int(line.split()[1])

    async def several():
        return await asyncio.gather(*[ask() for _ in range(20)])

    found["asyncio"] = set(asyncio.run(several()))
    for name in ("requests", "httpx", "urllib3"):
        answer = __import__(name).request("GET", url)
        found[name] = getattr(answer, "status_code", None) or answer.status
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found["threads"] = set(pool.map(lambda _: urllib.request.urlopen(url).status, range(40)))
    return found


def servers():
    server = socket.create_server(("127.0.0.1", 0))
    path = tempfile.mkdtemp() + "/sock"
    local = socket.socket(socket.AF_UNIX)
    local.bind(path)
    local.listen()
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    one, other = socket.socketpair()
    one.send(b"x")
    return other.recv(1), local.accept()[0].send(b"x")


def signals():
    seen = []
    signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
    os.kill(os.getpid(), signal.SIGUSR1)
    worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    worker.terminate()
    return seen, worker.wait()


def system():
    return os.cpu_count() > 0, socket.gethostname() != "", os.getloadavg() is not None, os.sched_getaffinity(0) != set()


JOBS = dict(pools=lambda: list(pools()), processes=processes, manager=manager, queues=queues, shared_memory=shared_memory,
            children=children, threads=threads, files=files, logs=logs, clients=clients, servers=servers, signals=signals, system=system)

if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    import custom

    for name, job in JOBS.items():
        try:
            print(f"{name}:", job(), flush=True)
        except Exception as error:
            print(f"{name}: failed {type(error).__name__} {error}", flush=True)
"""


@pytest.fixture
def work(new_place, guarded, hub, tmp_path):
    """work(mode, script, policy) runs a script of the user's that imports `custom`, a module with custom code."""

    def run(mode, script=WORK, policy="", custom="LABEL = 'custom'\n", timeout=120, **more):
        place = new_place()
        place.env["HF_ENDPOINT"] = hub.url
        place.env["NO_PROXY"] = "*"
        (tmp_path / "clients").mkdir(exist_ok=True)
        hub.add("work/clients", tmp_path / "clients")
        folder = place.modules / "transformers_modules" / "work" / "custom" / cage_stage.REVISION
        folder.mkdir(parents=True)
        (folder / "custom.py").write_text(custom)
        (place.scratch / "work" / "work.py").write_text(script)
        outside = place.scratch / "outside"
        outside.mkdir()
        (outside / "notes").write_text("notes")
        place.env["OUTSIDE"] = str(outside)
        options = []
        if policy:
            (place.scratch / "policy.ini").write_text(policy.replace("OUTSIDE", str(outside)))
            (place.scratch / "policy.ini").chmod(0o644)
            options = ["--policy", place.scratch / "policy.ini"]
        outcome = guarded.run(mode, [sys.executable, "work.py", folder], place, options=options, timeout=timeout, **more)
        return place, outcome

    return run


@pytest.mark.parametrize("policy", ["", "[syscalls]\nbase = strict\n"], ids=["default", "strict"])
def test_all_kinds_of_work(work, policy):
    _, bare = work("none")
    assert bare.rc == 0 and "failed" not in bare.out, bare.out + bare.err
    place, outcome = work("run", policy=policy)
    assert outcome.rc == 0, outcome.err
    assert outcome.out.splitlines() == bare.out.splitlines()
    in_force(place)


def test_custom_code_does_it_itself(work):
    """The same work, done by functions of the repository: what it may do it may do under its own name, too."""
    body = WORK.partition('if __name__ == "__main__"')[0]
    script = "import sys\nsys.path.insert(0, sys.argv[1])\nif __name__ == '__main__':\n    import custom\n    custom.main()\n"
    main = "\n\ndef main():\n    for name, job in JOBS.items():\n        print(f'{name}:', job(), flush=True)\n"
    policy = "[scan]\nblock_at = never\nwarn_at = never\n"
    # Functions that a pickle names are looked up in worker processes: `custom` must be found there.
    _, bare = work("none", script, custom=body + main)
    assert bare.rc == 0, bare.out + bare.err
    place, outcome = work("run", script, custom=body + main, policy=policy)
    assert outcome.rc == 0, outcome.err
    assert outcome.out.splitlines() == bare.out.splitlines()
    in_force(place)


# --- other policies ---------------------------------------------------------------------------------------------

TRIES = """
import os, socket, subprocess, sys
sys.path.insert(0, sys.argv[1])
import custom

def tried(name, act):
    try:
        act()
        print(name + ": done", flush=True)
    except OSError as error:
        print(name + ":", "refused" if isinstance(error, PermissionError) else type(error).__name__, flush=True)

def connect(host, port):
    socket.create_connection((host, port), timeout=10).close()

HUB = int(os.environ["HF_ENDPOINT"].rpartition(":")[2])
OTHER = int(os.environ["OTHER"])
tried("python", lambda: subprocess.run([sys.executable, "-S", "-c", "pass"], check=True))
tried("sh", lambda: subprocess.run(["/bin/sh", "-c", ":"], check=True))
tried("echo", lambda: subprocess.run(["/bin/echo"], check=True, stdout=subprocess.DEVNULL))
tried("fork", lambda: os.waitpid(os.fork() or os._exit(0), 0))
tried("hub", lambda: connect("127.0.0.1", HUB))
tried("other", lambda: connect("127.0.0.1", OTHER))
tried("name", lambda: connect("localhost", OTHER))
tried("datagram", lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", OTHER)))
tried("cwd", lambda: custom.opened("here", "w"))
tried("outside", lambda: custom.opened(os.environ["OUTSIDE"] + "/new", "w"))
tried("key", lambda: custom.opened(os.path.expanduser("~/.aws/credentials"), "r"))
tried("notes", lambda: custom.opened(os.environ["OUTSIDE"] + "/notes", "r"))
tried("kcmp", lambda: custom.kcmp())
tried("personality", lambda: custom.personality())
"""
CUSTOM = """
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)


def call(*numbers):
    if libc.syscall(*[ctypes.c_long(n) for n in numbers]) == -1:
        raise OSError(ctypes.get_errno(), "refused")


def opened(path, mode):
    open(path, mode).close()


def kcmp():
    call(312, os.getpid(), os.getpid(), 1, 0, 0)


def personality():
    call(135, 0xFFFFFFFF)
"""
REFUSED = {"sh", "echo", "other", "name", "datagram", "outside", "key", "kcmp", "personality"}  # by the default policy
POLICIES = {
    "default": ("", set(), set()),
    "exec-none": ("[exec]\nallow = none\n", {"python"}, set()),
    "exec-echo": ("[exec]\nallow = python /bin/echo\n", set(), {"echo"}),
    "exec-only-sh": ("[exec]\nallow = /bin/sh\n", {"python"}, {"sh"}),
    "net-none": ("[net]\nallow = none\n", {"hub"}, set()),
    "net-any": ("[net]\nallow = any\n", set(), {"other", "name", "datagram"}),
    "net-address": ("[net]\nallow = 127.0.0.1:OTHER\n", {"hub"}, {"other"}),
    "net-range": ("[net]\nallow = 127.0.0.0/8\n", set(), {"other"}),
    "net-name": ("[net]\nallow = hub localhost:OTHER\n", set(), {"name"}),
    "fs-nowhere": ("[fs]\nwrite =\n", {"cwd"}, set()),
    "fs-outside": ("[fs]\nwrite = cwd tmp cache OUTSIDE\n", set(), {"outside"}),
    "fs-deny": ("[fs]\ndeny_read = OUTSIDE/notes\n", {"notes"}, {"key"}),
    "syscalls": ("[syscalls]\nallow = personality\n", set(), {"personality"}),
    "observe": ("[guard]\nmode = observe\n", set(), REFUSED),
}


@pytest.mark.parametrize("name", POLICIES)
def test_policy(work, listener, name):
    text, more, fewer = POLICIES[name]
    other = listener.server.server_address[1]
    text = text.replace("OTHER", str(other)) + "[scan]\nblock_at = never\nwarn_at = never\n"
    place, outcome = work("run", TRIES, policy=text, custom=CUSTOM, env={"OTHER": str(other)})
    found = dict(line.split(": ", 1) for line in outcome.out.splitlines() if ": " in line)
    assert outcome.rc == 0 and len(found) == 14, outcome.out + outcome.err
    refused = {what for what, result in found.items() if result != "done"}
    assert refused == (REFUSED | more) - fewer, (found, outcome.err)
    told = summary(place)
    if name == "observe":
        assert acts(place, "refuse") == []
        assert {event["act"] for event in acts(place, "would-refuse")} >= {"exec", "connect", "write", "read", "syscall"}
        assert not any(what.startswith(("seccomp cage", "landlock")) for what in told["in_force"]), told["in_force"]
        assert any("observe" in each["why"] for each in told["not_in_force"]), json.dumps(told["not_in_force"])
    else:
        assert any(what.startswith("seccomp cage") for what in told["in_force"]), told
        assert acts(place, "refuse") and not acts(place, "would-refuse")


def test_two_repositories(new_place, guarded, hub):
    """The second model closes no second cage, and the report tells apart whose act it was."""
    place = new_place()
    place.env["HF_ENDPOINT"] = hub.url
    folders = []
    for name in ("first", "second"):
        folder = place.modules / "transformers_modules" / "work" / name / cage_stage.REVISION
        folder.mkdir(parents=True)
        (folder / f"code_{name}.py").write_text("def act(path):\n    return open(path, 'w')\n")
        folders.append(str(folder))
    (place.scratch / "work" / "work.py").write_text(f"""
import sys
sys.path[:0] = {folders!r}
import code_first, code_second
for module in (code_first, code_second, code_first):
    try:
        module.act({str(place.scratch / "never")!r})
    except PermissionError as error:
        print(error)
""")
    outcome = guarded.run("run", [sys.executable, "work.py"], place)
    assert outcome.rc == 0, outcome.err
    said = [line.partition("hubguard: ")[2].partition(" tried")[0] for line in outcome.out.splitlines()]
    assert said == [f"work/{name}@{cage_stage.REVISION[:7]} code_{name}.py:2" for name in ("first", "second", "first")]
    refused = [(event["repository"], event["file"], event["line"]) for event in acts(place, "refuse")]
    assert refused == [("work/first", "code_first.py", 2), ("work/second", "code_second.py", 2)], "each once"
    assert summary(place)["counts"]["acts_refused"] == 3
    assert len([event for event in place.events() if event["type"] == "cage"]) == 1


HOME = """
import os, sys
sys.path.insert(0, sys.argv[1])
import custom

for name in (".bashrc", "allowed/x"):
    try:
        open(name, "a").close()
        print(name, "done")
    except PermissionError:
        print(name, "refused")
"""


@pytest.mark.parametrize("named, result", [(False, "refused"), (True, "done")], ids=["default", "named"])
def test_home_is_no_working_directory(new_place, guarded, named, result):
    """Started in the home directory, only what is named may be written."""
    place = new_place()
    home = place.scratch / "home"
    (home / "allowed").mkdir()
    folder = place.modules / "transformers_modules" / "work" / "custom" / cage_stage.REVISION
    folder.mkdir(parents=True)
    (folder / "custom.py").write_text("LABEL = 'custom'\n")
    (place.scratch / "home.py").write_text(HOME)
    policy = place.scratch / "policy.ini"
    policy.write_text(f"[fs]\nwrite = cwd tmp {home}/allowed\n" if named else "")
    policy.chmod(0o644)
    outcome = guarded.run("run", [sys.executable, place.scratch / "home.py", folder], place, cwd=home, options=["--policy", policy])
    assert outcome.out.splitlines() == [".bashrc refused", f"allowed/x {result}"], outcome.err
