# SPDX-License-Identifier: Apache-2.0
"""`hubguard policy oci`: the profile as JSON, and in force in a container that crun starts."""
import errno
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("HUBGUARD_BUILD", REPO / "build")).resolve()
HUBGUARD = BUILD / "hubguard"
BUSYBOX = Path("/bin/busybox")
X86 = platform.machine() == "x86_64"

AF_UNIX, AF_INET, AF_NETLINK, AF_PACKET, STREAM, DGRAM, RAW = 1, 2, 16, 17, 1, 2, 3
CLONE_NEWUSER, CLONE_THREAD = 0x10000000, 0x10000
PATH = 0  # a NULL where a path or a structure belongs: EFAULT, when the call gets as far as looking at it


def number(name):
    """Of a system call, from the headers of the machine."""
    return number.table[name]


def read_numbers():
    text = subprocess.run(["gcc", "-dM", "-E", "-include", "sys/syscall.h", "-x", "c", "/dev/null"], check=True,
                          capture_output=True, text=True).stdout
    lines = [line.split() for line in text.splitlines() if line.startswith("#define __NR_")]
    return {line[1][len("__NR_"):]: int(line[2]) for line in lines if len(line) == 3 and line[2].isdigit()}


number.table = read_numbers()

# call, arguments, errno under the profile; without it each of them has another result
REFUSED = [
    ("unshare", (0,), errno.EPERM),
    ("keyctl", (99,), errno.EPERM),
    ("fchmod", (-1, 0o777), errno.EPERM),
    ("fchown", (-1, 0, 0), errno.EPERM),
    ("fsetxattr", (-1, PATH), errno.EPERM),
    ("process_vm_readv", (1 << 30,), errno.EPERM),
    ("personality", (0xFFFFFFFF,), errno.EPERM),
    ("ptrace", (0,), errno.EPERM),
    ("execveat", (-1, PATH), errno.EPERM),
    ("socket", (AF_NETLINK, RAW, 0), errno.ENOSYS),
    ("socket", (AF_INET, RAW, 1), errno.ENOSYS),
    ("socket", (AF_UNIX, DGRAM, 0), errno.ENOSYS),
    ("socket", (AF_UNIX | 1 << 32, DGRAM | 1 << 32, 0), errno.ENOSYS),
    ("socketpair", (AF_UNIX, DGRAM, 0, PATH), errno.ENOSYS),
    ("clone", (CLONE_NEWUSER | CLONE_THREAD,), errno.ENOSYS),
    ("clone3", (PATH, 0), errno.ENOSYS),
    ("sendto", (-1, PATH, 0, 0x20000000), errno.ENOSYS),
    ("prlimit64", (1 << 30, 99), errno.ENOSYS),
]
ALLOWED = [
    ("getpid", ()),
    ("socket", (AF_UNIX, STREAM, 0)),
    ("socket", (AF_INET, STREAM, 0)),
    ("socket", (AF_INET | 1 << 32, STREAM | 1 << 32, 6 | 1 << 32)),
    ("socketpair", (AF_UNIX, STREAM, 0, PATH)),
    ("sendto", (-1, PATH, 0, 0)),
    ("clone", (CLONE_THREAD,)),
    ("socket", (AF_INET, DGRAM, 0)),
    ("connect", (-1, PATH, 0)),
    ("memfd_create", (PATH, 0)),
    ("seccomp", (99,)),
    ("prlimit64", (0, 99)),
    ("umask", (0o22,)),
]


def probe_argument(call):
    return ",".join(str(value) for value in (number(call[0]), *call[1]))


def profile(tmp_path, text=""):
    path = tmp_path / "policy.ini"
    path.write_text(text)
    path.chmod(0o600)
    done = subprocess.run([HUBGUARD, "policy", "oci", path], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


# --- the text


def names(rules, action):
    return {name for rule in rules["syscalls"] if rule["action"] == action and "args" not in rule for name in rule["names"]}


def sockets(rules):
    return [[arg["valueTwo"] for arg in rule["args"]] for rule in rules["syscalls"] if rule["names"] == ["socket"]]


def test_shape(tmp_path):
    rules, notes = profile(tmp_path)
    assert set(rules) == {"defaultAction", "defaultErrnoRet", "architectures", "syscalls"}
    assert (rules["defaultAction"], rules["defaultErrnoRet"]) == ("SCMP_ACT_ERRNO", errno.ENOSYS)
    assert rules["architectures"] == ["SCMP_ARCH_X86_64" if X86 else "SCMP_ARCH_AARCH64"]
    for rule in rules["syscalls"]:
        assert set(rule) <= {"names", "action", "errnoRet", "args"} and rule["names"]
        assert rule["action"] == "SCMP_ACT_ALLOW" or rule["errnoRet"] == errno.EPERM
        for arg in rule.get("args", ()):
            assert set(arg) == {"index", "value", "valueTwo", "op"} and arg["op"] == "SCMP_CMP_MASKED_EQ"
        # runc takes two comparisons of one argument for alternatives
        indexes = [arg["index"] for arg in rule.get("args", ())]
        assert len(set(indexes)) == len(indexes)
    assert {"execve", "set_tid_address", "connect", "seccomp", "read", "futex"} <= names(rules, "SCMP_ACT_ALLOW")
    assert {"ptrace", "mount", "bpf", "chmod"} <= names(rules, "SCMP_ACT_ERRNO")
    assert all(line.startswith("hubguard: not in the profile: ") for line in notes.splitlines())
    for subject in ("[exec]", "[net]", "[fs]", "prctl, ioctl", "events", "when"):
        assert f"profile: {subject}" in notes


def test_the_policy_is_in_it(tmp_path):
    rules, notes = profile(tmp_path, "[net]\nallow = none\n[exec]\nallow = none\n[syscalls]\nbase = strict\nallow = chmod\ndeny = kill\n")
    assert {"connect", "kill", "semget"} <= names(rules, "SCMP_ACT_ERRNO")
    assert {"chmod", "memfd_create", "execve"} <= names(rules, "SCMP_ACT_ALLOW")
    assert "noNewPrivileges" in notes
    assert [AF_INET, DGRAM, 17] not in sockets(rules)
    assert [AF_INET, DGRAM, 17] in sockets(profile(tmp_path)[0])


def test_a_full_output_is_an_error():
    with open("/dev/full", "w") as full:
        done = subprocess.run([HUBGUARD, "policy", "oci"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2 and done.stderr == "hubguard: standard output cannot be written\n"


# --- in force


class Container:
    """A container with busybox and the probe. crun 1.8 takes no machine that has both versions of cgroups mounted, so it
    gets a mount namespace with one."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0
        (folder / "rootfs" / "bin").mkdir(parents=True)
        for name in ("proc", "dev", "sys", "tmp"):
            (folder / "rootfs" / name).mkdir()
        shutil.copy(BUSYBOX, folder / "rootfs" / "bin" / "busybox")
        (folder / "rootfs" / "bin" / "sh").symlink_to("busybox")
        subprocess.run(["gcc", "-static", "-O1", "-D_GNU_SOURCE", "-o", folder / "rootfs" / "bin" / "probe",
                        REPO / "tests" / "tools" / "probe_calls.c"], check=True)
        subprocess.run(["crun", "spec"], cwd=folder, check=True)
        self.spec = json.loads((folder / "config.json").read_text())

    def run(self, argv, seccomp=None, no_new_privileges=True, env=(), binds=()):
        self.count += 1
        spec = json.loads(json.dumps(self.spec))
        spec["process"]["env"] += [f"{key}={value}" for key, value in env]
        spec["mounts"] += [{"destination": path, "source": path, "type": "bind", "options": ["rbind"]} for path in binds]
        spec["process"].update(args=list(argv), terminal=False, noNewPrivileges=no_new_privileges)
        if seccomp is not None:
            spec["linux"]["seccomp"] = seccomp
        (self.folder / "config.json").write_text(json.dumps(spec))
        script = "mount -t cgroup2 none /sys/fs/cgroup && exec crun --root \"$1\" --cgroup-manager=disabled run -b \"$2\" \"$3\""
        return subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", self.folder / "state", self.folder,
                               f"hubguard-{os.getpid()}-{self.count}"], capture_output=True, text=True, timeout=60)

    def probe(self, calls, **kwargs):
        done = self.run(["/bin/probe", *map(probe_argument, calls)], **kwargs)
        assert done.returncode == 0, done.stderr
        return [int(line) for line in done.stdout.split()]


@pytest.fixture(scope="module")
def container():
    for tool in ("crun", "unshare"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} here")
    if os.geteuid() != 0:
        pytest.skip("crun is given a mount namespace, which takes root")
    if not BUSYBOX.exists():
        pytest.skip(f"no {BUSYBOX} here")
    folder = Path(tempfile.mkdtemp(prefix="oci-", dir=BUILD))
    try:
        container = Container(folder)
        first = container.run(["/bin/busybox", "true"])
        if first.returncode != 0:
            pytest.skip(f"crun starts no container here: {first.stderr.strip()}")
        yield container
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("base", ["default", "strict"])
def test_canaries(container, tmp_path, base):
    rules, _ = profile(tmp_path, f"[syscalls]\nbase = {base}\n")
    bare = container.probe(REFUSED)
    caged = container.probe(REFUSED, seccomp=rules)
    assert caged == [error for _, _, error in REFUSED]
    # What refuses is the profile: without it each call gets further, or its number is not this kernel's.
    assert [call for call, error in zip(REFUSED, bare) if error == call[2] and error != errno.ENOSYS] == []
    assert container.probe(ALLOWED, seccomp=rules) == container.probe(ALLOWED)


@pytest.mark.parametrize("base", ["default", "strict"])
def test_ordinary_work(container, tmp_path, base):
    rules, _ = profile(tmp_path, f"[syscalls]\nbase = {base}\n")
    script = "busybox ls / | busybox sort | busybox head -1; (echo a; echo b) | busybox wc -l; busybox true && echo done"
    done = container.run(["/bin/sh", "-c", script], seccomp=rules)
    assert (done.returncode, done.stdout.split()) == (0, ["bin", "2", "done"]), done.stderr


def test_without_no_new_privileges(container, tmp_path):
    """The runtime changes the user with the profile already in force."""
    rules, _ = profile(tmp_path)
    done = container.run(["/bin/sh", "-c", "echo started"], seccomp=rules, no_new_privileges=False)
    assert (done.returncode, done.stdout) == (0, "started\n"), done.stderr


@pytest.mark.skipif(not X86, reason="x32 is x86-64's")
def test_x32_is_killed(container, tmp_path):
    rules, _ = profile(tmp_path)
    done = container.run(["/bin/sh", "-c", "/bin/probe $((0x40000000 + 39)); echo $?"], seccomp=rules)
    assert done.stdout.split()[-1] == str(128 + 31), done.stdout + done.stderr


def test_the_gate_works_inside(container, tmp_path):
    """hubguard itself under its profile: good remote code runs, bad remote code does not."""
    rules, _ = profile(tmp_path)
    place = container.folder / "place"
    modules = place / "modules"
    modules.mkdir(parents=True)
    (modules / "good.py").write_text("LABEL = 'good ran'\n")
    (modules / "bad.py").write_text("import os\nos.system('echo bad ran')\n")
    binds = [str(path) for path in sorted(Path("/").iterdir())
             if path.is_dir() and not path.is_symlink() and path.name not in ("proc", "sys", "dev", "run", "lost+found")]
    for path in Path("/").iterdir():
        if path.is_symlink() and not (container.folder / "rootfs" / path.name).exists():
            (container.folder / "rootfs" / path.name).symlink_to(os.readlink(path))
    script = f"import sys; sys.path.insert(0, {str(modules)!r}); import good; print(good.LABEL, flush=True); import bad"
    env = {"HF_MODULES_CACHE": modules, "HOME": place, "XDG_RUNTIME_DIR": place}.items()
    done = container.run([str(HUBGUARD), "run", "--", sys.executable, "-c", script], seccomp=rules, env=env, binds=binds)
    assert done.stdout == "good ran\n", done.stderr
    assert done.returncode == 1 and "hubguard: blocked" in done.stderr
