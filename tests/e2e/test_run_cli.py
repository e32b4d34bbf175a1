# SPDX-License-Identifier: Apache-2.0
"""`hubguard run` as a program: exit statuses, signals, descriptors, environment, errors at the start, the report."""
import json
import os
import pty
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

EVIL = "import os\nos.system('echo struck >> {canary}')\n"


class Cli:
    """`hubguard run` with a home, a guarded root (HF_MODULES_CACHE) and a canary of its own."""

    def __init__(self, build, place):
        self.build, self.place = build, place
        self.root, self.work, self.canary = place / "modules", place / "work", place / "canary"
        self.report = place / "report.jsonl"
        for folder in (self.root, self.work, place / "home"):
            folder.mkdir()
        drop = ("HUBGUARD_", "LD_PRELOAD", "HF_", "XDG_", "TORCH")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(drop)}
        self.env.update(HOME=str(place / "home"), HF_MODULES_CACHE=str(self.root), PYTHONDONTWRITEBYTECODE="1")
        (self.root / "benign.py").write_text("VALUE = 42\n")
        (self.root / "evil.py").write_text(EVIL.format(canary=self.canary))

    def argv(self, *command, options=()):
        return [str(self.build / "hubguard"), "run", *map(str, options), "--", *map(str, command)]

    def run(self, *command, options=(), **kwargs):
        kwargs = {"env": self.env, "cwd": self.work, "capture_output": True, "text": True, "timeout": 60, **kwargs}
        return subprocess.run(self.argv(*command, options=options), **kwargs)

    def python(self, code, options=(), **kwargs):
        head = f"import sys; sys.path.insert(0, {str(self.root)!r})\n"
        return self.run(sys.executable, "-c", head + code, options=options, **kwargs)

    def start(self, code, **kwargs):
        kwargs = {"env": self.env, "cwd": self.work, "stdout": subprocess.PIPE, "text": True, **kwargs}
        return subprocess.Popen(self.argv(sys.executable, "-uc", code), **kwargs)

    def events(self):
        return [json.loads(line) for line in self.report.read_text().splitlines()]


@pytest.fixture
def cli(build, tmp_path):
    return Cli(build, tmp_path)


# --- exit statuses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [0, 1, 2, 7, 255])
def test_status_of_the_command(cli, status):
    assert cli.run("sh", "-c", f"exit {status}").returncode == status


@pytest.mark.parametrize("name", ["TERM", "KILL", "SEGV"])
def test_command_ended_by_a_signal(cli, name):
    assert cli.run("sh", "-c", f"kill -{name} $$").returncode == 128 + getattr(signal, f"SIG{name}")


def test_command_that_cannot_be_started(cli):
    missing = cli.run("/nonexistent/command")
    assert (missing.returncode, missing.stderr) == (127, "hubguard: /nonexistent/command: No such file or directory\n")
    plain = cli.place / "plain"
    plain.write_text("text")
    refused = cli.run(plain)
    assert (refused.returncode, refused.stderr) == (126, f"hubguard: {plain}: Permission denied\n")


def test_a_quiet_run_prints_nothing(cli):
    done = cli.python("import benign; print(benign.VALUE)")
    assert (done.returncode, done.stdout) == (0, "42\n")
    assert not [line for line in done.stderr.splitlines() if "blocked" in line]


def test_blocked_is_told_and_counted(cli):
    done = cli.python("import evil", options=["--report", cli.report])
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "hubguard: 1 blocked, 0 allowed with a warning"
    assert not cli.canary.exists()


# --- usage ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("argv, status", [(["--help"], 0), (["--version"], 0), (["run", "--help"], 0), ([], 2), (["run"], 2),
                                          (["run", "--bogus", "true"], 2), (["nonsense"], 2), (["learn"], 2),
                                          (["report", "x"], 2), (["serve"], 2)])
def test_usage(cli, argv, status):
    done = subprocess.run([cli.build / "hubguard", *argv], capture_output=True, text=True, env=cli.env)
    assert done.returncode == status
    told = done.stdout if status == 0 else done.stderr
    assert told and len(told.splitlines()) <= 24
    assert max(map(len, told.splitlines())) <= 110
    if argv[:1] in (["learn"], ["report"]):
        assert told == f"hubguard: {argv[0]} is not in this version\n"


# --- what is wrong is told before anything runs -----------------------------------------------------------------------------


def refused(cli, options, *words, env=None):
    """The command must not start; one line says why."""
    done = cli.run("sh", "-c", f"echo struck > {cli.canary}", options=options, env=env or cli.env)
    assert done.returncode == 2, done.stderr
    assert not cli.canary.exists()
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("hubguard: ")
    for word in words:
        assert word in done.stderr


def test_policy_that_does_not_parse(cli):
    policy = cli.place / "policy.ini"
    policy.write_text("[scan]\nblok_at = high\n")
    refused(cli, ["--policy", policy], f"{policy}:2:", "block_at")
    refused(cli, [], f"{policy}:2:", env={**cli.env, "HUBGUARD_POLICY": str(policy)})


def test_other_bad_input(cli):
    refused(cli, ["--policy", cli.place / "missing.ini"], "missing.ini")
    refused(cli, ["--mode", "perhaps"], "perhaps")
    lock = cli.place / "bad.lock"
    lock.write_text("{")
    refused(cli, ["--lock", lock], str(lock))
    refused(cli, ["--report", cli.place / "no" / "report.jsonl"], "report")
    refused(cli, ["--report", cli.place], "report")
    rules = cli.place / "rules"
    rules.mkdir()
    (rules / "bad.yar").write_text("rule {")
    policy = cli.place / "rules.ini"
    policy.write_text(f"[scan]\nrules = {rules}\n")
    refused(cli, ["--policy", policy], "bad.yar")


# --- signals ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGQUIT"])
def test_signals_reach_the_command(cli, name):
    code = f"import signal, time, sys\nsignal.signal(signal.{name}, lambda *a: sys.exit(5))\nprint('ready')\ntime.sleep(30)"
    with cli.start(code) as guard:
        assert guard.stdout.readline() == "ready\n"
        guard.send_signal(getattr(signal, name))
        assert guard.wait(20) == 5


def test_interrupt_from_the_terminal_comes_once(cli):
    code = ("import signal, time, sys\nn = 0\n"
            "def hit(*a):\n    global n\n    n += 1\n"
            "signal.signal(signal.SIGINT, hit)\nprint('ready')\n"
            "end = time.time() + 1.5\n"
            "while time.time() < end: time.sleep(0.05)\n"
            "sys.exit(10 + n)")
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cli.work)
        argv = cli.argv(sys.executable, "-uc", code)
        os.execve(argv[0], argv, cli.env)
    seen = b""
    while b"ready" not in seen:
        seen += os.read(terminal, 1024)
    os.write(terminal, b"\x03")
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 11


def test_signal_state_is_handed_on(cli):
    code = ("import signal\nprint(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN)\n"
            "print([l.split()[1] for l in open('/proc/self/status') if l.startswith('SigBlk')])")
    done = cli.run(sys.executable, "-c", code, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    assert done.stdout == "True\n['0000000000000000']\n"


# --- what the command finds ---------------------------------------------------------------------------------------------------


def test_no_descriptor_leaks(cli):
    done = cli.run("ls", "/proc/self/fd")
    assert done.stdout.split() == ["0", "1", "2", "3"]  # 3 is the directory that ls reads


def test_environment(cli):
    policy = cli.work / "p.ini"
    policy.write_text(f"[roots]\nextra = {cli.place}/more\n")
    other = "/nonexistent-other.so"
    code = "import os, json; print(json.dumps(dict(os.environ)))"
    done = cli.run(sys.executable, "-c", code, options=["--policy", "p.ini", "--report", "r.jsonl", "--lock", "l.lock"],
                   env={**cli.env, "LD_PRELOAD": other, "HUBGUARD_ROOTS": "/first"})
    env = json.loads(done.stdout)
    library, rest = env["LD_PRELOAD"].split(":", 1)
    assert os.path.samefile(library, cli.build / "libhubguard.so") and rest == other
    assert env["HUBGUARD_POLICY"] == str(policy)
    assert env["HUBGUARD_REPORT"] == str(cli.work / "r.jsonl")
    assert env["HUBGUARD_LOCK"] == str(cli.work / "l.lock")
    assert {"/first", f"{cli.place}/more"} <= set(env["HUBGUARD_ROOTS"].split(":"))
    path, pid = env["HUBGUARD_SOCKET"].rsplit(":", 1)
    assert int(pid) > 0 and not Path(path).parent.exists()


def test_socket_is_private(cli):
    code = ("import os, stat\npath = os.environ['HUBGUARD_SOCKET'].rsplit(':', 1)[0]\n"
            "s = os.stat(os.path.dirname(path))\nprint(oct(stat.S_IMODE(s.st_mode)), s.st_uid == os.geteuid())\nprint(path)")
    mode, path = cli.run(sys.executable, "-c", code).stdout.splitlines()
    assert mode == "0o700 True"
    assert path.startswith("/tmp/hubguard-")
    runtime = cli.place / "runtime"
    runtime.mkdir(mode=0o700)
    if len(str(runtime)) < 70:
        env = {**cli.env, "XDG_RUNTIME_DIR": str(runtime)}
        assert cli.run(sys.executable, "-c", code, env=env).stdout.splitlines()[1].startswith(str(runtime))
        assert list(runtime.iterdir()) == []
        runtime.chmod(0o755)  # others can look into it: not used
        assert cli.run(sys.executable, "-c", code, env=env).stdout.splitlines()[1].startswith("/tmp/hubguard-")
        assert stat.S_IMODE(runtime.stat().st_mode) == 0o755


# --- the guard at work -------------------------------------------------------------------------------------------------------


def test_report(cli):
    done = cli.python("import benign\ntry:\n    import evil\nexcept ImportError: print('blocked')",
                      options=["--report", cli.report])
    assert done.stdout == "blocked\n"
    events = cli.events()
    assert [e["type"] for e in events][0] == "start" and events[-1]["type"] == "summary"
    assert all(e["version"] == 1 and e["time"].endswith("Z") for e in events)
    files = {Path(e["path"]).name: e for e in events if e["type"] == "file"}
    assert files["benign.py"]["verdict"] == "allow" and files["benign.py"]["findings"] == []
    evil = files["evil.py"]
    assert evil["verdict"] == "block" and 78 in evil["findings"][0]["cwe"] and evil["findings"][0]["line"] == 2
    assert len(evil["sha256"]) == 64 and evil["size"] == (cli.root / "evil.py").stat().st_size
    counts = events[-1]["counts"]
    assert counts["block"] == 1 and counts["events_lost"] == 0
    assert "scan worker seccomp" in events[-1]["in_force"]
    closed = [e["verdict"] for e in events if e["type"] == "cage"]
    said = [*events[-1]["in_force"], *(e["what"] for e in events[-1]["not_in_force"])]
    assert closed == ["closed"] and counts["cages_closed"] == 1
    assert all(any(text.startswith(part) for text in said) for part in ("seccomp cage", "landlock", "network broker"))


def test_observe_lets_pass_and_says_so(cli):
    done = cli.python("import evil", options=["--report", cli.report, "--mode", "observe"])
    assert done.returncode == 0
    assert cli.canary.read_text() == "struck\n"
    assert "hubguard: would block (mode = observe)" in done.stderr
    assert [e["verdict"] for e in cli.events() if e.get("path", "").endswith("evil.py")][0] == "would-block"
    assert not any(text.startswith("gate") for text in cli.events()[-1]["in_force"])


def test_report_on_a_full_disk_changes_no_verdict(cli):
    done = cli.python("import benign\ntry:\n    import evil\nexcept ImportError: print('blocked')",
                      options=["--report", "/dev/full"])
    assert (done.returncode, done.stdout) == (0, "blocked\n")
    assert not cli.canary.exists()


def test_guard_killed_blocks_remote_code_only(cli):
    (cli.root / "late.py").write_text("VALUE = 1\n")
    # Behind the first remote statement the process may not signal the guard: somebody from before does.
    code = ("import os, subprocess, time\n"
            "guard = os.environ['HUBGUARD_SOCKET'].rsplit(':', 1)[1]\n"
            "killer = subprocess.Popen(['sh', '-c', 'read word; kill -9 ' + guard], stdin=subprocess.PIPE)\n"
            "import benign\n"
            "killer.communicate(b'now\\n')\ntime.sleep(0.2)\n"
            "import csv\nprint('own', len(open(os.__file__).read()) > 1000)\n"
            "for name in ('evil', 'late'):\n"
            "    try:\n        __import__(name)\n    except ImportError as e: print(name, 'blocked', 'guard is gone' in str(e))\n")
    done = cli.python(code)  # returns when the command, too, has closed its output
    assert done.returncode == -signal.SIGKILL
    assert done.stdout == "own True\nevil blocked True\nlate blocked True\n"
    assert not cli.canary.exists()


def test_many_processes_share_one_guard(cli):
    for i in range(20):
        (cli.root / f"m{i}.py").write_text(f"VALUE = {i}\n")
    code = ("import os, sys\npids = []\nfor i in range(30):\n    pid = os.fork()\n    if pid == 0:\n"
            "        ok = __import__(f'm{i % 20}').VALUE == i % 20\n"
            "        try:\n            import evil; ok = False\n        except ImportError: pass\n"
            "        os._exit(0 if ok else 1)\n    pids.append(pid)\n"
            "print(sum(os.waitpid(p, 0)[1] == 0 for p in pids))")
    done = cli.python(code, options=["--report", cli.report])
    assert done.stdout == "30\n"
    assert not cli.canary.exists()
    assert [e["type"] for e in cli.events()].count("start") == 1
    assert cli.events()[-1]["counts"]["scanned"] <= 21 + 2  # each file once, but for races with the cache


def test_guard_is_small(cli):
    (cli.root / "large.py").write_text("X = [\n" + "    (1, 2, 3),\n" * 100000 + "]\n")
    code = ("import os\nimport large\nguard = os.environ['HUBGUARD_SOCKET'].rsplit(':', 1)[1]\n"
            "print([l.split()[1] for l in open(f'/proc/{guard}/status') if l.startswith('VmRSS')][0])")
    done = cli.python(code)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 64 * 1024


def test_detached_guard_ends_with_its_process(cli):
    code = (f"import sys; sys.path.insert(0, {str(cli.root)!r})\nimport benign\nimport os, glob\n"
            "print([p for p in glob.glob(f'/tmp/hubguard-{os.geteuid()}-*/socket')])")
    env = {**cli.env, "LD_PRELOAD": str(cli.build / "libhubguard.so"), "HUBGUARD_REPORT": str(cli.report)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60, cwd=cli.work)
    assert done.returncode == 0, done.stderr
    pid = cli.events()[0]["guard_pid"]
    deadline = time.time() + 10
    while Path(f"/proc/{pid}").exists() and time.time() < deadline:
        time.sleep(0.1)
    assert not Path(f"/proc/{pid}").exists()
    assert cli.events()[0]["started_by"] == "preload" and cli.events()[-1]["type"] == "summary"


def test_detached_guard_ends_in_order_when_asked(cli):
    code = (f"import sys; sys.path.insert(0, {str(cli.root)!r})\nimport benign\nprint('ready', flush=True)\nsys.stdin.read()")
    env = {**cli.env, "LD_PRELOAD": str(cli.build / "libhubguard.so"), "HUBGUARD_REPORT": str(cli.report)}
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], env=env, stdin=pipe, stdout=pipe, text=True, cwd=cli.work) as child:
        assert child.stdout.readline() == "ready\n"
        pid = cli.events()[0]["guard_pid"]
        os.kill(pid, signal.SIGTERM)
        deadline = time.time() + 10
        while Path(f"/proc/{pid}").exists() and time.time() < deadline:
            time.sleep(0.05)
        assert cli.events()[-1]["type"] == "summary"
        child.communicate("")
    assert child.returncode == 0


def test_preload_with_a_policy_whose_roots_it_does_not_watch(cli):
    policy = cli.place / "policy.ini"
    policy.write_text(f"[roots]\nextra = {cli.place}/unwatched\n")
    code = f"import sys; sys.path.insert(0, {str(cli.root)!r})\nimport json\nprint('own code runs', flush=True)\nimport benign\n"
    env = {**cli.env, "LD_PRELOAD": str(cli.build / "libhubguard.so"), "HUBGUARD_POLICY": str(policy)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60, cwd=cli.work)
    assert (done.returncode, done.stdout) == (1, "own code runs\n")
    assert "ImportError" in done.stderr and "HUBGUARD_ROOTS" in done.stderr
    env["HUBGUARD_ROOTS"] = f"{cli.place}/unwatched"
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60, cwd=cli.work)
    assert done.returncode == 0, done.stderr
