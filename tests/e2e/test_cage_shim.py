# SPDX-License-Identifier: Apache-2.0
"""The cage as the shim closes it: every thread, every child, libc's answers as before, and acts named by their line."""
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from conftest import PYTHONS

POLICY = """
[scan]
block_at = never
native = allow
[net]
allow = localhost 127.0.0.1
"""


@pytest.fixture
def caged(box):
    """A box in which everything passes the scan and loopback is the network."""
    box.place.env["HUBGUARD_POLICY"] = str(box.write("policy.ini", POLICY, under=box.place.scratch / "config"))
    return box


def compile_c(folder, name, text, *options):
    source = folder / f"{name}.c"
    source.write_text(textwrap.dedent(text))
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-o", folder / name, source, *options], check=True)
    return folder / name


def native_host(box, name, text):
    """A C program that the shim takes for Python, and `code.so` under the guarded root, which closes the cage when it is loaded."""
    compile_c(box.root, "code.so", "int code;", "-shared", "-fPIC")
    head = f"""
        #include <arpa/inet.h>
        #include <dlfcn.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <netdb.h>
        #include <pthread.h>
        #include <signal.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/socket.h>
        #include <sys/syscall.h>
        #include <sys/time.h>
        #include <sys/wait.h>
        #include <time.h>
        #include <unistd.h>
        int Py_Main(void) {{ return 0; }}
        static int load(void) {{ return dlopen("{box.root}/code.so", RTLD_NOW) != NULL; }}
        /* By no function of libc that could be wrapped. */
        static int refused(void) {{
            int fd = syscall(SYS_openat, AT_FDCWD, "{box.outside}/x", O_WRONLY | O_CREAT, 0600);
            return fd < 0 && errno == EACCES;
        }}
        """
    return compile_c(box.outside, name, textwrap.dedent(head) + textwrap.dedent(text), "-rdynamic", "-ldl", "-lpthread")


def acts(box):
    return [e for e in box.events() if e["type"] == "act"]


# --- acts ---------------------------------------------------------------------------------------------------------------

ACTS = {
    "popen": "subprocess.Popen(['sh', '-c', 'true'])",
    "path-like": "subprocess.Popen([pathlib.Path('/bin/ls')])",
    "shell": "subprocess.run('true', shell=True)",
    "system": "os.system('true')",
    "os.popen": "os.popen('true')",
    "posix_spawn": "os.posix_spawn('/bin/sh', ['sh'], {})",
    "posix_spawnp": "os.posix_spawnp('sh', ['sh'], {})",
    "execv": "os.execv(b'/bin/sh', ['sh'])",
    "execvp": "os.execvp('sh', ['sh'])",
    "pty": "pty.spawn('/bin/sh')",
    "open": "open(OUT + '/new', 'w')",
    "open-relative": "open(os.path.relpath(OUT) + '/new', 'ab')",
    "os.open": "os.open(OUT + '/new', os.O_WRONLY | os.O_CREAT)",
    "link-out": "open(WORK + '/link/new', 'w')",
    "rename-to": "os.rename(WORK + '/mine', OUT + '/new')",
    "rename-from": "os.rename(OUT + '/file', WORK + '/stolen')",
    "remove": "os.remove(OUT + '/file')",
    "mkdir": "os.mkdir(OUT + '/made')",
    "mkdir-at": "os.mkdir('made', dir_fd=os.open(OUT, os.O_RDONLY))",
    "rmdir": "os.rmdir(OUT + '/folder')",
    "link": "os.link(WORK + '/mine', OUT + '/new')",
    "symlink": "os.symlink(WORK + '/mine', OUT + '/new')",
    "truncate": "os.truncate(OUT + '/file', 0)",
    "chmod": "os.chmod(OUT + '/file', 0o777)",
    "chown": "os.chown(OUT + '/file', os.getuid(), -1)",
    "setxattr": "os.setxattr(OUT + '/file', 'user.x', b'y')",
    "removexattr": "os.removexattr(OUT + '/file', 'user.x')",
    "read-key": "open(os.path.expanduser('~/.aws/credentials')).read()",
    "connect": "socket.create_connection(('192.0.2.1', 443), 1)",
    "connect-6": "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 443))",
    "resolve": "socket.getaddrinfo('hub.example', 443)",
    "gethostbyname": "socket.gethostbyname('hub.example')",
}
FINE = {
    "own-file": "open(WORK + '/mine', 'a').close()",
    "temporary": "__import__('tempfile').TemporaryFile().close()",
    "null": "open('/dev/null', 'w').close()",
    "read": "open(OUT + '/file').close()",
    "own-mode": "os.chmod(WORK + '/mine', 0o600)",
    "there-already": "os.makedirs(OUT + '/folder', exist_ok=True)",
    "loopback-name": "socket.getaddrinfo('localhost', 80)",
    "bind": "socket.getaddrinfo(None, 0, flags=socket.AI_PASSIVE)",
}


@pytest.mark.parametrize("python", [path for path, _ in PYTHONS], ids=[f"{version}-{i}" for i, (_, version) in enumerate(PYTHONS)])
def test_acts_are_named_by_their_line(caged, python):
    (caged.outside / "file").write_text("x")
    (caged.outside / "folder").mkdir()
    (caged.work / "mine").write_text("mine")
    (caged.work / "link").symlink_to(caged.outside)
    lines = ["import os, pathlib, pty, socket, subprocess", f"OUT, WORK = {str(caged.outside)!r}, {str(caged.work)!r}"]
    lines += [f"def act{i}(): {text}" for i, text in enumerate([*ACTS.values(), *FINE.values()])]
    caged.write("payload.py", "\n".join(lines) + "\n")
    got = caged.run(f"""
import sys
sys.path.insert(0, ROOT)
import payload
for i in range({len(ACTS) + len(FINE)}):
    try:
        getattr(payload, f"act{{i}}")()
        print(i, "done")
    except BaseException as e:
        print(i, type(e).__name__, e)
""", python=python)
    said = dict(line.split(" ", 1) for line in got.out.splitlines())
    for i, name in enumerate([*ACTS, *FINE]):
        if name in FINE:
            assert said[str(i)] == "done", (name, said[str(i)])
        else:
            assert re.match(rf"PermissionError \[Errno 13\] hubguard: .*payload\.py:{i + 3} tried to ", said[str(i)]), (name, said[str(i)])
    assert not [e for e in acts(caged) if e["verdict"] == "refuse" and e["layer"] == "kernel"]


def test_what_libc_refuses_is_an_event(caged):
    """The user's own code in a caged process gets plain errors, and the report says why."""
    caged.write("payload.py", "X = 1\n")
    got = caged.run("""
import sys
sys.path.insert(0, ROOT)
import payload
for how in ("w", "r"):
    for _ in range(3):
        try:
            open(OUTSIDE + "/new" if how == "w" else __import__("os").path.expanduser("~/.aws/credentials"), how)
        except PermissionError as e:
            print(how, "hubguard" in str(e))
""")
    assert got.out.split() == ["w", "False"] * 3 + ["r", "False"] * 3, got.err
    assert [e["act"] for e in acts(caged)] == ["write", "read"]


def test_an_import_is_not_an_act(caged):
    """What an installed module does while it is imported is not laid to the remote code that imports it."""
    caged.write("installed.py", "try:\n    open(__file__ + '.out', 'w')\nexcept OSError as e:\n    SAID = str(e)\n", under=caged.outside)
    caged.write("payload.py", "import installed\n")
    got = caged.run("import sys\nsys.path[:0] = [ROOT, OUTSIDE]\nimport payload\nprint('hubguard' in payload.installed.SAID)\n")
    assert got.out.split() == ["False"], got.err
    assert [(e["act"], e["file"]) for e in acts(caged)] == [("write", "")]


# --- threads and children -----------------------------------------------------------------------------------------------

THREADS = """
static volatile int go, held;
static void *thread(void *p) {
    unsigned long mask = 1ul << 32;
    if (p != NULL) syscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, NULL, 8);
    while (!go) usleep(20000);
    if (refused()) __sync_fetch_and_add(&held, 1);
    return NULL;
}
int main(int argc, char **argv) {
    pthread_t threads[32];
    for (long i = 0; i < 32; i++) pthread_create(&threads[i], NULL, thread, argc > 1 && i == 7 ? threads : NULL);
    usleep(200000);
    printf("loaded %d\\n", load());
    if (argc > 1) { pid_t pid = fork(); if (pid == 0) _exit(load()); int status; waitpid(pid, &status, 0); printf("in a fork %d\\n", status); }
    go = 1;
    for (int i = 0; i < 32; i++) pthread_join(threads[i], NULL);
    printf("refused %d, setuid %d\\n", held, setuid(getuid()));
}
"""


def test_every_thread_is_caged(caged, mode):
    got = caged.guarded.run(mode, [native_host(caged, "threads", THREADS)], caged.place)
    assert got.out == "loaded 1\nrefused 32, setuid 0\n", got.err
    cages = [e for e in caged.events() if e["type"] == "cage"]
    assert [e["verdict"] for e in cages] == ["closed"]


def test_a_thread_that_does_not_answer(caged):
    got = caged.guarded.run("run", [native_host(caged, "threads", THREADS), "blocked"], caged.place)
    assert got.out.startswith("loaded 0\nin a fork 0\nrefused 31"), got.out + got.err
    assert "the cage cannot be closed: thread" in got.err and "signal 33" in got.err
    assert "failed" in [e["verdict"] for e in caged.events() if e["type"] == "cage"]


FORKS = """
static volatile int stop, half;
static void *forker(void *p) {
    while (!stop) {
        pid_t pid = fork();
        if (pid == 0) _exit(load() && refused() ? 0 : 1);
        int status;
        waitpid(pid, &status, 0);
        if (status != 0) __sync_fetch_and_add(&half, 1);
    }
    return p;
}
int main(void) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, forker, NULL);
    usleep(20000);
    int loaded = load();
    usleep(300000);
    stop = 1;
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    printf("%d %d\\n", loaded, half);
}
"""


def test_forks_at_the_very_moment(caged):
    """Whoever is forked while the cage closes is inside or outside, and closes its own in that case."""
    got = caged.guarded.run("run", [native_host(caged, "forks", FORKS)], caged.place)
    assert got.out == "1 0\n", got.err


@pytest.mark.parametrize("start", ["fork", "spawn", "forkserver", "subprocess", "scrubbed"])
def test_children_are_inside(caged, mode, start):
    caged.write("payload.py", "def act(out):\n    try:\n        open(out + '/new', 'w')\n    except OSError as e:\n        return str(e)\n")
    got = caged.run(f"""
import multiprocessing, os, socket, subprocess, sys
START = {start!r}
sys.path.insert(0, ROOT)
def child(port):
    socket.create_connection(("localhost", port), 5).close()  # before any remote statement of its own
    import payload
    print(payload.act(OUTSIDE), flush=True)
if __name__ == "__main__":
    import payload
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    if START in ("subprocess", "scrubbed"):
        code = f"import main; main.child({{port}})"
        subprocess.run([sys.executable, "-c", code], env={{}} if START == "scrubbed" else None, cwd=WORK, check=True)
    else:
        process = multiprocessing.get_context(START).Process(target=child, args=(port,))
        process.start()
        process.join()
""", mode)
    assert re.search(r"hubguard: .*payload\.py:3 tried to write ", got.out), got.out + got.err
    assert [e["verdict"] for e in caged.events() if e["type"] == "cage"] == ["closed"]
    assert not [e for e in acts(caged) if e["layer"] == "kernel" and e["verdict"] == "refuse"]


def test_closed_descriptors(caged, mode):
    caged.write("payload.py", "X = 1\n")
    got = caged.run("""
import os, socket, sys
sys.path.insert(0, ROOT)
import payload
server = socket.create_server(("127.0.0.1", 0))
os.dup2(server.fileno(), 200)
for fd in range(3, 200):
    try: os.close(fd)
    except OSError: pass
server = socket.socket(fileno=200)
socket.create_connection(("localhost", server.getsockname()[1]), 5)
path = WORK + "/file"
open(path, "w").close()
os.chmod(path, 0o640)
os.chown(path, os.getuid(), -1)
os.setxattr(path, "user.x", b"y")
print(oct(os.stat(path).st_mode), os.getxattr(path, "user.x"))
os.removexattr(path, "user.x")
os._exit(0)
""", mode)
    assert got.rc == 0, got.err


# --- libc's answers -----------------------------------------------------------------------------------------------------

ANSWERS = """
static void show(int family, const char *node, const char *service, int flags) {
    struct addrinfo hints = {.ai_family = family, .ai_flags = flags}, *list = NULL;
    int code = getaddrinfo(node, service, &hints, &list);
    printf("%s %s %x:", node, service, flags);
    for (struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        char host[64] = "", port[16] = "";
        getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
        printf(" %s/%s/%d/%d/%s", host, port, a->ai_socktype, a->ai_protocol, a->ai_canonname ? a->ai_canonname : "-");
    }
    printf(" %s\\n", code ? gai_strerror(code) : "");
    if (list != NULL) freeaddrinfo(list);
}
static void entry(const char *what, struct hostent *e) {
    printf("%s %s", what, e ? e->h_name : hstrerror(h_errno));
    for (char **a = e ? e->h_addr_list : NULL; a && *a; a++) printf(" %s", inet_ntoa(*(struct in_addr *)*a));
    printf("\\n");
}
static void on_alarm(int s) { (void)s; }
int main(int argc, char **argv) {
    if (argc > 1 && !load()) puts("not loaded");
    show(0, NULL, "80", 0); show(0, NULL, "80", AI_PASSIVE); show(AF_INET6, NULL, "80", AI_PASSIVE); show(0, NULL, NULL, 0);
    show(0, "127.0.0.1", "80", AI_CANONNAME | AI_ADDRCONFIG); show(0, "::1", NULL, 0); show(AF_INET6, "1.2.3.4", "80", AI_V4MAPPED);
    show(AF_INET, "::1", "80", 0); show(0, "127.0.0.1", "no-such-service", 0);
    show(0, "localhost", "http", AI_CANONNAME); show(AF_INET, "localhost", NULL, 0); show(0, "localhost", "80", AI_NUMERICHOST);
    entry("byname", gethostbyname("localhost")); entry("numeric", gethostbyname("10.0.0.1")); entry("byname2", gethostbyname2("localhost", AF_INET));
    char buffer[512]; struct hostent room, *found; int why = 0;
    int small = gethostbyname_r("localhost", &room, buffer, 16, &found, &why);
    printf("small %d %d %p\\n", small, why, (void *)found);
    int fits = gethostbyname_r("localhost", &room, buffer, sizeof buffer, &found, &why);
    printf("fits %d\\n", fits); entry("r", found);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int s = socket(AF_INET, SOCK_STREAM, 0);
#define TRY(what, call) do { errno = 0; int r_ = call; printf(what " %d %s\\n", r_, strerror(errno)); } while (0)
    TRY("short", connect(s, (void *)&to, 3)); TRY("long", connect(s, (void *)&to, 4096)); TRY("no socket", connect(0, (void *)&to, sizeof to));
    TRY("no descriptor", connect(999, (void *)&to, sizeof to)); TRY("refused", connect(s, (void *)&to, sizeof to));
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    TRY("unspecified", connect(s, &none, sizeof none));
    int listener = socket(AF_INET, SOCK_STREAM, 0); socklen_t size = sizeof to;
    to.sin_port = 0; bind(listener, (void *)&to, sizeof to); listen(listener, 0); getsockname(listener, (void *)&to, &size);
    int first = socket(AF_INET, SOCK_STREAM, 0), other = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    TRY("connected", connect(first, (void *)&to, sizeof to)); TRY("again", connect(first, (void *)&to, sizeof to));
    TRY("non-blocking", connect(other, (void *)&to, sizeof to));
    usleep(50000); /* the backlog is full: the next one waits */
    struct sigaction action = {.sa_handler = on_alarm}; sigaction(SIGALRM, &action, NULL);
    struct itimerval soon = {.it_value = {0, 200000}}; setitimer(ITIMER_REAL, &soon, NULL);
    TRY("interrupted", connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&to, sizeof to));
    fflush(stdout); _exit(0);
}
"""


def test_libc_answers_as_before(caged, mode):
    program = native_host(caged, "answers", ANSWERS)
    free = caged.guarded.run("none", [program], caged.place)
    got = caged.guarded.run(mode, [program, "caged"], caged.place)
    assert got.out == free.out, got.err
    assert "interrupted -1 Interrupted system call" in got.out
    assert [e["verdict"] for e in caged.events() if e["type"] == "cage"] == ["closed"]
    assert not [e for e in acts(caged) if e["verdict"] == "refuse"]


def test_answers_that_differ(caged):
    """Addresses are not looked up; what the policy does not name is not resolved."""
    caged.write("payload.py", "X = 1\n")
    got = caged.run("""
import socket, sys
sys.path.insert(0, ROOT)
import payload
print(socket.getnameinfo(("127.0.0.1", 80), 0))
for call in (lambda: socket.getnameinfo(("127.0.0.1", 80), socket.NI_NAMEREQD), lambda: socket.gethostbyaddr("127.0.0.1"),
             lambda: socket.getaddrinfo("hub.example", 1), lambda: socket.gethostbyname_ex("hub.example")):
    try:
        print(call())
    except OSError as e:
        print(type(e).__name__)
""")
    assert got.out.splitlines() == ["('127.0.0.1', '80')", "gaierror", "herror", "gaierror", "gaierror"], got.err


EARLIER = """
import os, signal, subprocess, sys, time
early = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=new) for new in (False, True)]
stranger = int(sys.argv[1])
sys.path.insert(0, ROOT)
import remote
def tell(what, act):
    try:
        act()
        print(what, "sent")
    except PermissionError:
        print(what, "refused")
tell("alive", lambda: early[0].send_signal(0))
tell("stranger", lambda: os.kill(stranger, signal.SIGTERM))
tell("stranger group", lambda: os.killpg(stranger, signal.SIGTERM))
tell("parent", lambda: os.kill(os.getppid(), signal.SIGTERM))
early[0].terminate()
os.killpg(early[1].pid, signal.SIGKILL)
print([p.wait(10) for p in early])
late = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
late.kill()
print(late.wait(10))
"""


def test_signals_reach_children_and_nobody_else(caged, mode):
    """Children that were started before the cage closed can be ended; other processes of the user cannot."""
    caged.write("remote.py", "x = 1\n")
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as stranger:
        outcome = caged.run(EARLIER, mode, arguments=(stranger.pid,))
        assert stranger.poll() is None
        stranger.kill()
    assert outcome.out.splitlines() == ["alive sent", "stranger refused", "stranger group refused", "parent refused", "[-15, -9]", "-9"], (
        outcome.out + outcome.err)
    refused = {event["object"] for event in caged.events() if event["type"] == "act"}
    assert f"signal 15 to {stranger.pid}" in refused


def test_linux_without_memory_that_cannot_be_run(caged):
    """Before Linux 6.3 the guard gives the memory for sealed copies: remote files are read on, and nothing in it can be started."""
    repo, build = Path(__file__).resolve().parents[2], caged.guarded.build
    subprocess.run(["make", "-s", "-C", repo, f"BUILD={build}", f"{build}/tools/old_kernel"], check=True, capture_output=True,
                   env={k: v for k, v in os.environ.items() if k != "MAKEFLAGS"})
    caged.write("first.py", "import os\nfd = os.memfd_create('x', 0) if os.environ.get('TRY') else -1\n")
    caged.write("second.py", "import inspect\nx = 1\n")
    script = caged.write("script.py", f"""
import os, sys
sys.path.insert(0, {str(caged.root)!r})
import first, second, inspect
print("result:", second.x, inspect.getsource(second).splitlines())
""", under=caged.outside)
    argv = [build / "tools" / "old_kernel", caged.guarded.command, "run", "--report", caged.place.report, "--", sys.executable, script]
    done = subprocess.run(argv, env=caged.place.env, cwd=caged.work, capture_output=True, text=True, timeout=60)
    assert "result: 1 ['import inspect', 'x = 1']" in done.stdout, done.stderr
    assert [e["verdict"] for e in caged.events() if e["type"] == "cage"] == ["closed"]
    done = subprocess.run(argv, env={**caged.place.env, "TRY": "1"}, cwd=caged.work, capture_output=True, text=True, timeout=60)
    assert "PermissionError" in done.stderr and done.returncode == 1
