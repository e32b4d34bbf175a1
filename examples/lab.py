# SPDX-License-Identifier: Apache-2.0
"""A place to try attacks in: fresh folders, a stand-in hub, a listener, and fresh processes with or without hubguard.

demo.py and the end-to-end tests both use it. The only things a payload can reach are a canary file in the scratch
folder and a listener on loopback.
"""
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
GALLERY = HERE / "gallery"
sys.path.insert(0, str(HERE / "hub"))
from hub import Hub  # noqa: E402

REF = "v1.0"
SECRET = "not-a-real-secret-0123456789"
MODES = ("none", "run", "preload")
STAGE2 = b"""import os
with open(os.environ["GALLERY_CANARY"], "a") as f:
    f.write("second stage ran\\n")
"""


@dataclass(frozen=True)
class Case:
    name: str  # folder in gallery/
    title: str
    loader: str  # script in gallery/loaders/
    # "blocked", "caged" (it runs, and what it tries is refused), "source" (the harmless source runs in place of the
    # poisoned bytecode) or "same"
    expect: str
    modes: tuple = ("run",)  # how hubguard is put in front of it

    @property
    def token(self):
        return f"{self.name}-caged" if self.expect == "caged" else self.name

    @property
    def torch_hub(self):
        return self.loader.startswith("torch_hub")


CASES = (
    Case("os-system", "os.system at import", "auto_config", "blocked", ("run", "preload")),
    Case("encoded-layer", "base64 + zlib layer into exec", "auto_config", "blocked"),
    Case("download-and-run", "download and run", "auto_config", "blocked"),
    Case("steal-credentials", "credentials to the network", "auto_config", "blocked"),
    Case("utf7-source", "utf-7 source", "auto_config", "blocked"),
    Case("torchhub-hubconf", "torch.hub hubconf.py", "torch_hub", "blocked", ("run", "preload")),
    Case("pycache-timestamp", "__pycache__, forged timestamp", "torch_hub", "source"),
    Case("pycache-unchecked-hash", "__pycache__, unchecked hash", "torch_hub", "source"),
    Case("bare-bytecode", "bytecode without source", "torch_hub", "blocked"),
    Case("compiled-extension", "compiled extension", "torch_hub", "blocked"),
    Case("symlink-out", "symlink out of the cache", "torch_hub", "blocked"),
    Case("swapped-file", "file swapped by a thread", "torch_hub_race", "race"),
    Case("os-system", "past the scan: os.system", "auto_config", "caged", ("run", "preload")),
    Case("download-and-run", "past the scan: download and run", "auto_config", "caged"),
    Case("steal-credentials", "past the scan: credentials", "auto_config", "caged"),
    Case("benign-model", "benign model", "auto_model", "same", ("run", "preload")),
    Case("benign-tokenizer", "benign tokenizer", "auto_tokenizer", "same"),
    Case("benign-torchhub", "benign torch.hub repo", "torch_hub", "same", ("run", "preload")),
)


class ListenerHandler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.server.received.append((self.path, b""))
        self.answer(STAGE2)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.received.append((self.path, body))
        self.answer(b"")


class Listener:
    """The attacker's server, on loopback: gives out a second stage and keeps what is sent to it."""

    def __enter__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), ListenerHandler)
        self.server.daemon_threads = True
        self.server.received = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def url(self, token):
        return f"http://127.0.0.1:{self.server.server_address[1]}/{token}"

    def secrets(self, token):
        return sum(SECRET.encode() in body for path, body in self.server.received if path.startswith(f"/{token}/"))


@dataclass
class Place:
    """The folders of one run."""

    scratch: Path
    case: Path = None
    repo: Path = None
    env: dict = field(default_factory=dict)
    argv: list = field(default_factory=list)  # the command, for a second run
    cache_tag: str = sys.implementation.cache_tag

    @property
    def canary(self):
        return self.scratch / "canary"

    @property
    def report(self):
        return self.scratch / "report.jsonl"

    @property
    def modules(self):
        return Path(self.env["HF_MODULES_CACHE"])

    def struck(self):
        """How often a payload ran: lines in the canary file."""
        return len(self.canary.read_text().splitlines()) if self.canary.exists() else 0

    def events(self):
        if not self.report.exists():
            return []
        return [json.loads(line) for line in self.report.read_text().splitlines() if line.strip()]


def fresh_place(scratch):
    """Folders and environment of a user who has nothing yet: own home, caches, configuration, temporary directory."""
    scratch = Path(scratch)
    place = Place(scratch)
    folders = {
        "HOME": "home",
        "HF_HOME": "huggingface",
        "HF_MODULES_CACHE": "huggingface/modules",
        "TORCH_HOME": "torch",
        "XDG_CACHE_HOME": "cache",
        "XDG_CONFIG_HOME": "config",
        "XDG_RUNTIME_DIR": "runtime",
        "TMPDIR": "tmp",
    }
    for variable, name in folders.items():
        (scratch / name).mkdir(parents=True, mode=0o700)
        place.env[variable] = str(scratch / name)
    (scratch / "work").mkdir()
    for name in (".aws/credentials", ".cache/huggingface/token"):
        key = scratch / "home" / name
        key.parent.mkdir(parents=True)
        key.write_text(f"{SECRET}\n")
    place.env.update(
        PATH=os.environ.get("PATH", "/usr/bin:/bin"),
        LANG="C.UTF-8",
        HF_HUB_DISABLE_XET="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        HF_HUB_DISABLE_UPDATE_CHECK="1",
        HF_HUB_DISABLE_PROGRESS_BARS="1",
        GALLERY_CANARY=str(place.canary),
    )
    return place


@dataclass
class Outcome:
    mode: str
    rc: int
    out: str
    err: str
    seconds: float

    @property
    def result(self):
        """What the script printed, or None when it did not get there."""
        lines = [line for line in self.out.splitlines() if line.startswith("result:")]
        return lines[-1][len("result:"):].strip() if lines else None

    @property
    def exception(self):
        """Class and text of the exception that ended the script and carries a message of hubguard, or (None, "")."""
        found = None
        for found in re.finditer(r"^(?:\w+\.)*(ImportError|PermissionError): (?:\[Errno 13\] )?", self.err, re.M):
            pass
        text = re.match(r".*(?:\n  \S.*)*", self.err[found.end():]).group(0) if found else ""
        return (found.group(1), text) if text.startswith("hubguard: ") else (None, "")


class Guarded:
    """Runs commands with hubguard (mode "run" or "preload") or without (mode "none")."""

    def __init__(self, build):
        self.build = Path(build).resolve()
        self.command = self.build / "hubguard"
        self.shim = self.build / "libhubguard.so"

    def prefix(self, mode, env, report=None, options=()):
        """Command words to put first, and the environment, for this mode."""
        env = dict(env)
        if mode == "none":
            return [], env
        if mode == "run":
            words = [str(self.command), "run", *options]
            if report:
                words += ["--report", str(report)]
            return [*words, "--"], env
        env["LD_PRELOAD"] = str(self.shim)
        if report:
            env["HUBGUARD_REPORT"] = str(report)
        return [], env

    def run(self, mode, argv, place, timeout=120, env=None, options=(), stdin=subprocess.DEVNULL, cwd=None):
        words, environ = self.prefix(mode, {**place.env, **(env or {})}, place.report, options)
        start = time.monotonic()
        with subprocess.Popen(
            [*words, *map(str, argv)],
            env=environ,
            cwd=cwd or place.scratch / "work",
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="backslashreplace",
            start_new_session=True,
        ) as child:
            try:
                out, err = child.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                out, err = child.communicate()
                err += f"\n(ended after {timeout} s)"
        return Outcome(mode, child.returncode, out, err, time.monotonic() - start)

    def guards(self, place):
        """Process ids of the guards that serve this place (they carry its environment)."""
        found = []
        needle = b"GALLERY_CANARY=" + str(place.canary).encode() + b"\0"
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(process / "exe") == str(self.command) and needle in (process / "environ").read_bytes():
                    found.append(int(process.name))
            except OSError:
                continue
        return sorted(found)

    def end(self, place, patience=0):
        """End the detached guards of this place; with patience, first give them so many seconds to end by themselves."""
        until = time.monotonic() + patience
        while self.guards(place) and time.monotonic() < until:
            time.sleep(0.02)
        for pid in self.guards(place):
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass


def prepare(case, place, hub, listener, token):
    """Fill a fresh place with a case of the gallery: repository, hub or torch.hub folder, arguments of its loader."""
    place.case = GALLERY / case.name
    name = f"gallery/{case.name}"
    if case.torch_hub:
        place.repo = place.scratch / "torch" / "hub" / f"gallery_{case.name}_{REF}"
        arguments = [f"{name}:{REF}"]
    else:
        place.repo = place.scratch / "publisher"
    shutil.copytree(place.case / "repo", place.repo)
    script = place.case / "prepare.py"
    if script.exists():
        spec = importlib.util.spec_from_file_location(f"prepare_{case.name.replace('-', '_')}", script)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.prepare(place)
    if not case.torch_hub:
        arguments = [name, hub.add(name, place.repo)]
        place.env["HF_ENDPOINT"] = hub.url
    if case.expect == "race":
        arguments += [place.scratch / "versions", "300"]
    place.env["GALLERY_URL"] = listener.url(token)
    if case.expect == "caged":  # as if the scan saw nothing in it
        policy = place.scratch / "policy.ini"
        policy.write_text("[scan]\nblock_at = never\nwarn_at = never\n")
        place.env["HUBGUARD_POLICY"] = str(policy)
    return [sys.executable, str(GALLERY / "loaders" / f"{case.loader}.py"), *map(str, arguments)]




__all__ = ["CASES", "Case", "Guarded", "Hub", "Listener", "MODES", "Outcome", "Place", "fresh_place", "prepare"]
