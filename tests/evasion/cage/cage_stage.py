# SPDX-License-Identifier: Apache-2.0
"""The stage for techniques against the cage: what there is to attack, and the ways in which an attack is seen to have worked.

Nothing here believes what a hostile module says. An effect is one of
    mark      a file in the working directory, left by a program that was started or by an act with no effect of its own
    listener  somebody was connected to, or sent a packet, on loopback
    outside   a file outside the places that may be written is not as it was
    key       the content of the key file stands where it may be written, or was printed
    victim    another process was ended, stopped, signalled, changed
"""
import ast
import hashlib
import os
import re
import selectors
import shutil
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import lab
import pytest

HERE = Path(__file__).resolve().parent
TECHNIQUES = HERE / "techniques"
REVISION = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "acme/caged"
FAMILIES = {
    "exec": "start a program",
    "connect": "reach the network or another process",
    "write": "change a file",
    "read": "read where keys live",
    "kernel": "kernel interfaces",
    "guard": "turn on the guard or the shim",
}
EFFECTS = ("mark", "listener", "outside", "key", "victim")
FIELDS = {"family", "effect", "refusal", "event", "before", "policy", "main", "alone"}

MAIN = """# The user's own script.
import concurrent.futures, importlib, multiprocessing, os, queue, signal, socket, sys, threading, types
sys.path.insert(0, {repository!r})


def serve(jobs, answers, blocked):
    if blocked:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        function = jobs.get()
        try:
            answers.put((function(), None))
        except BaseException as error:
            answers.put((None, error))


def start(blocked):
    jobs, answers = queue.Queue(), queue.Queue()
    threading.Thread(target=serve, args=(jobs, answers, blocked), daemon=True).start()

    def ask(function):
        jobs.put(function)
        result, error = answers.get()
        if error:
            raise error
        return result

    sys.modules["early"] = types.SimpleNamespace(ask=ask)


BEFORE = {before!r}
if "thread" in BEFORE:
    start("blocked" in BEFORE)
if "socket" in BEFORE:
    sys.modules["early"] = types.SimpleNamespace(sock=socket.socket(type=socket.SOCK_DGRAM))
if "open-file" in BEFORE:
    sys.modules["early"] = types.SimpleNamespace(file=open({outside!r} + "/victim.txt", "r+"), key=open({key!r}))
if "forkserver" in BEFORE:
    del __file__  # workers need not run this script again
    multiprocessing.set_start_method("forkserver")
    worker = multiprocessing.Process(target=print, args=("a worker ended",))
    worker.start()
    worker.join()
if "pool" in BEFORE:
    pool = concurrent.futures.ProcessPoolExecutor(1)
    pool.submit(int).result()
try:
    {action}
except OSError as error:
    import kit
    kit.got(error)
except Exception as error:
    if type(error).__name__ != "Skip":
        raise
    print("skip:", error)
after = getattr(sys.modules.get({name!r}), "after", None)
if after:
    try:
        after()
    except OSError as error:
        import kit
        kit.got(error)
print("end", flush=True)
"""


@dataclass(frozen=True)
class Technique:
    """One file of techniques/: a docstring with a title, and fields `name: value` below it."""

    name: str
    title: str
    fields: dict

    @classmethod
    def load(cls, path):
        title, _, rest = ast.get_docstring(ast.parse(path.read_text())).partition("\n")
        fields = dict(re.findall(r"^(\w+): *(.*)$", rest, re.M))
        unknown = set(fields) - FIELDS
        assert not unknown and fields["family"] in FAMILIES and fields["effect"] in EFFECTS, (path, unknown)
        return cls(path.stem, title.rstrip("."), fields)

    def __getattr__(self, name):
        if name in FIELDS:
            return self.fields.get(name, "")
        raise AttributeError(name)

    @property
    def path(self):
        return TECHNIQUES / f"{self.name}.py"

    @property
    def act_lines(self):
        """Lines that are marked as the act."""
        return [n for n, line in enumerate(self.path.read_text().splitlines(), 1) if line.endswith("# act")]


def techniques():
    found = [Technique.load(path) for path in sorted(TECHNIQUES.glob("*.py"))]
    return sorted(found, key=lambda technique: list(FAMILIES).index(technique.family))


class Ears:
    """Listeners that no policy allows, and one that the policy allows (the hub). They count who comes."""

    def __init__(self, place, outside):
        self.hits = []
        self.selector = selectors.DefaultSelector()
        self.lock = threading.Lock()
        self.names = {"abstract": f"\0hubguard-{place.scratch.name}"}
        self.tcp = self.listen("tcp", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
        self.hub = self.listen("hub", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
        self.udp = self.listen("udp", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))
        self.tcp6 = self.udp6 = 0
        try:
            self.tcp6 = self.listen("tcp6", socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0))
            self.udp6 = self.listen("udp6", socket.AF_INET6, socket.SOCK_DGRAM, ("::1", 0))
        except OSError:
            pass
        for name, path, kind in (
            ("stream", outside / "stream.sock", socket.SOCK_STREAM),
            ("stream_tmp", place.scratch / "tmp" / "stream.sock", socket.SOCK_STREAM),
            ("packet", outside / "packet.sock", socket.SOCK_SEQPACKET),
            ("datagram", outside / "datagram.sock", socket.SOCK_DGRAM),
            ("datagram_tmp", place.scratch / "tmp" / "datagram.sock", socket.SOCK_DGRAM),
        ):
            self.names[name] = str(path)
            self.listen(name, socket.AF_UNIX, kind, str(path))
        self.listen("abstract", socket.AF_UNIX, socket.SOCK_STREAM, self.names["abstract"])
        self.open = True
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def listen(self, name, family, kind, address):
        sock = socket.socket(family, kind)
        if kind != socket.SOCK_DGRAM:
            if family == socket.AF_INET:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 16)
            sock.bind(address)
            sock.listen(64)
        else:
            sock.bind(address)
        sock.setblocking(False)
        self.selector.register(sock, selectors.EVENT_READ, (name, kind))
        return sock.getsockname()[1] if family != socket.AF_UNIX else 0

    def drain(self, timeout=0.0):
        with self.lock:
            for key, _ in self.selector.select(timeout):
                name, kind = key.data
                try:
                    if kind == socket.SOCK_DGRAM:
                        key.fileobj.recv(65536)
                    else:
                        key.fileobj.accept()[0].close()
                except OSError:
                    continue
                self.hits.append(name)

    def serve(self):
        while self.open:
            self.drain(0.02)
            time.sleep(0.002)

    def close(self):
        self.open = False
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()

    def reached(self):
        self.drain()
        return [name for name in self.hits if name != "hub"]


class Victim:
    """A process outside the tree. `state()` changes when somebody did something to it."""

    def __init__(self, program, outside):
        self.child = subprocess.Popen(
            [program, outside / "victim.txt", lab.SECRET],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"KEY": lab.SECRET},
            text=True,
            start_new_session=True,
        )
        self.pid = self.child.pid
        self.text, self.signals = map(int, self.child.stdout.readline().split())

    def state(self):
        try:
            status = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
            with open(f"/proc/{self.pid}/mem", "rb") as memory:
                memory.seek(self.text)
                content = memory.read(64)
                memory.seek(self.signals)
                signals = memory.read(4)
            limits = Path(f"/proc/{self.pid}/limits").read_text()
            adjust = Path(f"/proc/{self.pid}/oom_score_adj").read_text()
            return ("stopped" if status in "tT" else "there", content, signals, limits, adjust)
        except OSError:
            return ("gone",)

    def close(self):
        self.child.send_signal(signal.SIGCONT)
        self.child.kill()
        self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()


def picture(*folders):
    """Everything below these folders that a write could change. Times of reading are not part of it."""
    seen = {}
    for folder in folders:
        for path in [folder, *sorted(folder.rglob("*"))]:
            info = path.lstat()
            content = ""
            if stat.S_ISREG(info.st_mode):
                content = hashlib.sha256(path.read_bytes()).hexdigest()
            elif stat.S_ISLNK(info.st_mode):
                content = os.readlink(path)
            attributes = tuple((name, os.getxattr(path, name, follow_symlinks=False)) for name in listxattr(path))
            seen[str(path)] = (info.st_mode, info.st_uid, info.st_gid, info.st_nlink, info.st_mtime_ns, content, attributes)
    return seen


def wire():
    """What shim and guard say to each other, out of the header that both use."""
    text = (HERE.parents[2] / "shim" / "wire.h").read_text()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    kinds = re.findall(r"\bHG_REQ_([A-Z]+)\b", re.search(r"enum hg_req_kind \{(.*?)\}", text, re.S).group(1))
    return {
        "KINDS": {name: number for number, name in enumerate(kinds)},
        "WIRE": int(re.search(r"HG_WIRE_VERSION\s+(\d+)", text).group(1)),
        "CHANNEL": int(re.search(r"HG_CHANNEL_MAGIC\s+(0x[0-9a-fA-F]+)", text).group(1), 16),
    }


def listxattr(path):
    try:
        return sorted(os.listxattr(path, follow_symlinks=False))
    except OSError:
        return []


class Stage:
    """One fresh place with something to attack, for one run of one technique."""

    def __init__(self, place, guarded, programs):
        self.place, self.guarded = place, guarded
        self.work, self.tmp, self.home = (place.scratch / name for name in ("work", "tmp", "home"))
        self.outside = place.scratch / "outside"
        (self.outside / "folder").mkdir(parents=True)
        for name in ("victim.txt", "folder/inner.txt"):
            (self.outside / name).write_text("untouched\n")
        try:
            os.setxattr(self.outside / "victim.txt", "user.mine", b"1")
        except OSError:
            pass
        self.key = self.home / ".ssh" / "id_rsa"
        self.key.parent.mkdir()
        self.key.write_text(f"{lab.SECRET}\n")
        (self.home / ".bashrc").write_text("# mine\n")
        self.repository = place.modules / "transformers_modules" / REPOSITORY / REVISION
        self.repository.mkdir(parents=True)
        shutil.copy(HERE / "kit.py", self.repository)
        for name in ("strike", "strike-static", "hook.so"):
            shutil.copy(programs / name, self.repository)
        shutil.copy(programs / "strike", self.outside)
        self.ears = Ears(place, self.outside)
        self.victim = Victim(programs / "victim", self.outside)
        place.env["HF_ENDPOINT"] = f"http://127.0.0.1:{self.ears.hub}"
        self.write_target()
        self.before = picture(self.outside, self.home)
        self.victim_before = self.victim.state()

    def write_target(self):
        facts = dict(
            MARK=self.work / "mark", LOOT=self.work / "loot", WORK=self.work, TMP=self.tmp, OUTSIDE=self.outside, HOME=self.home,
            KEY=self.key, VICTIM_FILE=self.outside / "victim.txt", REPOSITORY=self.repository,
            STRIKE=self.repository / "strike", STATIC=self.repository / "strike-static", HOOK=self.repository / "hook.so",
            STREAM=self.ears.names["stream"], STREAM_TMP=self.ears.names["stream_tmp"], PACKET=self.ears.names["packet"],
            DATAGRAM=self.ears.names["datagram"], DATAGRAM_TMP=self.ears.names["datagram_tmp"],
            ABSTRACT=self.ears.names["abstract"], TCP=self.ears.tcp, TCP6=self.ears.tcp6, UDP=self.ears.udp, UDP6=self.ears.udp6,
            HUB=self.ears.hub, VICTIM=self.victim.pid, VICTIM_TEXT=self.victim.text,
        )
        facts |= wire()
        lines = [f"{name} = {value if isinstance(value, (int, dict)) else str(value)!r}\n" for name, value in facts.items()]
        (self.repository / "target.py").write_text("".join(lines))

    def policy(self, extra=""):
        """Everything may start to run; what it does then is the cage's. `extra` replaces sections: "[net] allow = any"."""
        text = "[guard]\nbanner = no\n[scan]\nblock_at = never\nwarn_at = never\nnative = allow\n"
        for section, line in re.findall(r"(\[\w+\]) *([^[]+)", extra):
            text += f"{section}\n{line.strip()}\n"
        path = self.place.scratch / "policy.ini"
        path.write_text(text)
        path.chmod(0o644)
        return path

    def run(self, technique, mode, **more):
        """Run one technique in its own process, without hubguard ("none") or with it ("run", "preload")."""
        shutil.copy(technique.path, self.repository)
        env = {}
        if technique.main:
            env = {"STRIKE_MARK": str(self.work / "mark"), "STRIKE_OUTSIDE": str(self.outside / "hooked")}
        action = technique.main.replace("HOOK", repr(str(self.repository / "hook.so")))
        return self.run_module(technique.name, mode, technique.before, technique.policy, action=action, env=env, **more)

    def run_source(self, source, mode="run", before="", policy="", **more):
        """The same for a module that is given as text."""
        (self.repository / "module.py").write_text(dedent(source))
        return self.run_module("module", mode, before, policy, **more)

    def run_module(self, name, mode, before="", policy="", action="", python=None, env=None, timeout=60):
        argv, options, env = self.command(name, mode, before, policy, action, python, env)
        return self.guarded.run(mode, argv, self.place, timeout=timeout, options=options, env=env)

    def command(self, name, mode, before="", policy="", action="", python=None, env=None):
        """The user's own script, which imports the module, and how it is started."""
        main = self.work / "main.py"
        facts = dict(repository=str(self.repository), name=name, before=before, outside=str(self.outside), key=str(self.key))
        main.write_text(MAIN.format(action=action or f"importlib.import_module({name!r})", **facts))
        policy = str(self.policy(policy))
        env = {**(env or {}), **({"HUBGUARD_POLICY": policy} if mode == "preload" else {})}
        return [python or sys.executable, main], ["--policy", policy] if mode == "run" else [], env

    def effects(self):
        """The kinds of effect that can be seen now, each with what was seen."""
        found = {}
        if (self.work / "mark").exists():
            found["mark"] = (self.work / "mark").read_text()
        if self.ears.reached():
            found["listener"] = self.ears.reached()
        now = picture(self.outside, self.home)
        changed = sorted(path for path in {*now, *self.before} if now.get(path) != self.before.get(path))
        if changed:
            found["outside"] = changed
        for path in [*self.work.rglob("*"), *self.tmp.rglob("*")]:
            if path.is_file() and not path.is_symlink() and lab.SECRET.encode() in path.read_bytes():
                found["key"] = str(path)
        if self.victim.state() != self.victim_before:
            found["victim"] = self.victim.state()
        return found

    def wait_for(self, effect, seconds=5):
        until = time.monotonic() + seconds
        while effect not in self.effects() and time.monotonic() < until:
            time.sleep(0.02)
        return self.effects()

    def close(self):
        self.ears.close()
        self.victim.close()


def build_programs(folder):
    """Compile what the hostile repository brings along."""
    sources = HERE / "programs"
    for output, source, *flags in (
        ("strike", "strike.c"),
        ("strike-static", "strike.c", "-static"),
        ("hook.so", "hook.c", "-shared", "-fPIC"),
        ("victim", "victim.c"),
    ):
        subprocess.run(["gcc", "-O1", "-o", folder / output, sources / source, *flags], check=True)
    return folder


def got(outcome):
    """What the hostile module met, line by line."""
    return [line[5:] for line in outcome.out.splitlines() if line.startswith("got: ")]


def dedent(text):
    return textwrap.dedent(text).strip() + "\n"


def describe(outcome, stage):
    """For the message of a test that failed."""
    acts = [event for event in stage.place.events() if event["type"] in ("act", "cage", "warning", "summary")]
    return f"exit {outcome.rc}\n{outcome.out}\n{outcome.err}\n" + "\n".join(map(str, acts))


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    return build_programs(tmp_path_factory.mktemp("programs"))


@pytest.fixture
def new_stage(new_place, guarded, programs):
    made = []

    def make():
        made.append(Stage(new_place(), guarded, programs))
        return made[-1]

    yield make
    for stage in made:
        stage.close()
