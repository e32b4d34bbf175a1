/* SPDX-License-Identifier: Apache-2.0 */
/* The real guard in one process, and in another one that closes its cage with what the guard gives it,
 * without the shim: what the kernel and the guard then let through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "guard/machine.h"
#include "guard/rundir.h"
#include "guard/server.h"
#include "guard/sockaddr.h"

/* Past connect(2) of the libc, as machine code would. */
#define RAW_CONNECT(fd, at, size) syscall(SYS_connect, (long)(fd), (at), (long)(size))

struct fixture {
    struct hg_rundir rundir;
    char dir[64], report[96], file[96], outside[64];
    int tcp; /* listens on the loopback; its port is the allowed one */
    struct sockaddr_in at;
    pid_t guard;
    bool guard_died; /* of the test's hand */
    bool no_landlock;
};

static int no_scan(void *context, const struct hg_scan_input *input, struct hg_findings *out)
{
    (void)context;
    (void)input;
    (void)out;
    return 0;
}

static volatile sig_atomic_t asked_to_end;

static void end(int signal)
{
    (void)signal;
    asked_to_end = 1;
}

static _Noreturn void guard_main(const struct fixture *f, const char *policy_text)
{
    struct hg_loop loop;
    struct hg_policy policy;
    struct hg_lock *lock;
    struct hg_report *report;
    struct hg_gate *gate;
    struct hg_cage *cage;
    struct hg_server *server;
    struct hg_error err;
    struct hg_cage_facts facts = {0};
    static struct hg_roots roots;
    (void)alarm(120);
    (void)prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L); /* as the real one is: its /proc/self belongs to root */
    if (hg_loop_open(&loop) != 0 ||
        hg_policy_parse(policy_text, strlen(policy_text), "p.ini", &policy, &err) != 0 ||
        hg_lock_parse("{\"version\":1,\"approved\":[]}", 27, "none", &lock, &err) != 0 ||
        hg_report_open(f->report, &report, &err) != 0) {
        (void)fprintf(stderr, "%s\n", err.text);
        _exit(3);
    }
    (void)hg_roots_add(&roots, f->dir, HG_LOADER_EXTRA);
    const struct hg_gate_options options = {.loop = &loop,
                                            .policy = &policy,
                                            .lock = lock,
                                            .roots = &roots,
                                            .report = report,
                                            .ruleset = "test",
                                            .pool = {.workers = 1, .timeout_ms = 500, .scan = no_scan},
                                            .started_by = "run",
                                            .cage = &facts};
    if (f->no_landlock) {
        scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
        if (seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EOPNOTSUPP), SCMP_SYS(landlock_create_ruleset), 0) != 0 ||
            seccomp_load(ctx) != 0)
            _exit(7);
        seccomp_release(ctx);
    }
    const struct hg_cage_options cage_options = {
        .loop = &loop, .policy = &policy, .roots = &roots, .report = report, .facts = &facts};
    if (hg_gate_open(&options, &gate, &err) != 0 || hg_cage_open(&cage_options, &cage, &err) != 0)
        _exit(4);
    const struct hg_server_options listen_on = {
        .loop = &loop, .gate = gate, .cage = cage, .listen_fd = f->rundir.listen_fd};
    if (hg_server_open(&listen_on, &server) != 0)
        _exit(5);
    hg_cage_set_server(cage, server);
    (void)signal(SIGTERM, end);
    while (asked_to_end == 0 && hg_loop_step(&loop) == 0)
        ;
    hg_cage_close(cage);
    hg_gate_close(gate);
    hg_server_close(server);
    hg_loop_close(&loop);
    hg_report_close(report);
    hg_lock_free(lock);
    hg_policy_free(&policy);
    exit(asked_to_end != 0 ? 0 : 6); /* not _exit(2): leaks are looked for */
}

static int set_up_on(void **state, const char *more, bool no_landlock)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct hg_error err;
    struct hg_machine m;
    char policy[1024];
    socklen_t size = sizeof f->at;
    hg_machine_probe(&m);
    if (f == NULL || hg_rundir_open(&f->rundir, &err) != 0)
        return -1;
    (void)snprintf(f->dir, sizeof f->dir, "/tmp/hubguard-caged-XXXXXX");
    (void)snprintf(f->outside, sizeof f->outside, "/tmp/hubguard-outside-XXXXXX");
    int outside = mkstemp(f->outside);
    if (mkdtemp(f->dir) == NULL || outside < 0)
        return -1;
    close(outside);
    (void)snprintf(f->report, sizeof f->report, "%s.jsonl", f->outside);
    (void)snprintf(f->file, sizeof f->file, "%s/file", f->dir);
    close(open(f->file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    f->at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    f->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(f->tcp, (struct sockaddr *)&f->at, sizeof f->at) != 0 || listen(f->tcp, 64) != 0 ||
        getsockname(f->tcp, (struct sockaddr *)&f->at, &size) != 0)
        return -1;
    (void)snprintf(
        policy, sizeof policy,
        "[net]\nallow = 127.0.0.1/32:%u localhost:%u\n[fs]\nwrite = %s\n[exec]\nallow = python\n%s",
        ntohs(f->at.sin_port), ntohs(f->at.sin_port), f->dir, more);
    f->no_landlock = no_landlock;
    f->guard = fork();
    if (f->guard == 0)
        guard_main(f, policy);
    *state = f;
    return f->guard > 0 ? 0 : -1;
}

static int set_up(void **state)
{
    return set_up_on(state, "", false);
}

static int set_up_without_landlock(void **state)
{
    return set_up_on(state, "", true);
}

static int set_up_without_and_allow(void **state)
{
    return set_up_on(state, "[guard]\non_error = allow\n", true);
}

static int set_up_observing(void **state)
{
    return set_up_on(state, "[guard]\nmode = observe\n", true);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char path[128];
    int status;
    (void)kill(f->guard, SIGTERM);
    int rc = f->guard_died || (waitpid(f->guard, &status, 0) == f->guard && status == 0) ? 0 : -1;
    hg_rundir_close(&f->rundir);
    close(f->tcp);
    (void)unlink(f->file);
    (void)unlink(f->outside);
    (void)unlink(f->report);
    (void)snprintf(path, sizeof path, "%s/socket", f->dir);
    (void)unlink(path);
    (void)rmdir(f->dir);
    free(f);
    return rc;
}

/* --- a process that speaks the protocol
 * ------------------------------------------------------------------------------- */

struct answer {
    struct hg_reply head;
    char text[HG_WIRE_TEXT_MAX];
    int fds[HG_CAGE_FDS];
    size_t fd_count;
};

/* In the caged process there is no cmocka to fail: the line goes to stderr. */
#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            (void)dprintf(2, "line %d: %s (errno %d)\n", __LINE__, #condition, errno);                       \
            _exit(1);                                                                                        \
        }                                                                                                    \
    } while (0)

static int dial(const struct fixture *f)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    memcpy(to.sun_path, f->rundir.socket, sizeof to.sun_path);
    MUST(connect(fd, (const struct sockaddr *)&to, sizeof to) == 0);
    return fd;
}

static int channel(void)
{
    return (int)RAW_CONNECT(-1, NULL, HG_CHANNEL_MAGIC);
}

static void receive(int sock, struct answer *a)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(HG_CAGE_FDS * sizeof(int))];
    } control;
    struct iovec iov[2] = {{&a->head, sizeof a->head}, {a->text, sizeof a->text - 1}};
    struct msghdr msg = {
        .msg_iov = iov, .msg_iovlen = 2, .msg_control = control.room, .msg_controllen = sizeof control.room};
    struct pollfd p = {.fd = sock, .events = POLLIN};
    memset(a, 0, sizeof *a);
    MUST(poll(&p, 1, 10000) == 1);
    ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
    MUST(n >= (ssize_t)sizeof a->head && n == (ssize_t)(sizeof a->head + a->head.text_len));
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
        a->fd_count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(a->fds, CMSG_DATA(c), a->fd_count * sizeof(int));
    }
    close(sock);
}

struct words {
    const char *path, *resolved, *root, *frame;
};

static void ask(int sock, struct hg_request h, struct words w, int fd, struct answer *a)
{
    char packet[sizeof h + 8192];
    const char *const parts[] = {w.path, w.resolved, w.root, w.frame};
    uint16_t *const lengths[] = {&h.path_len, &h.resolved_len, &h.root_len, &h.frame_len};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    size_t at = sizeof h;
    h.magic = HG_WIRE_MAGIC;
    h.version = HG_WIRE_VERSION;
    h.pid = h.tid = getpid();
    for (size_t i = 0; i < 4; i++) {
        *lengths[i] = (uint16_t)(parts[i] == NULL ? 0 : strlen(parts[i]));
        memcpy(packet + at, parts[i] == NULL ? "" : parts[i], *lengths[i]);
        at += *lengths[i];
    }
    h.flags |= fd < 0 ? HG_REQ_NO_BYTES : 0;
    memcpy(packet, &h, sizeof h);
    struct iovec iov = {packet, at};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (fd >= 0) {
        msg.msg_control = control.room;
        msg.msg_controllen = sizeof control.room;
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    MUST(sendmsg(sock, &msg, MSG_NOSIGNAL) == (ssize_t)at);
    receive(sock, a);
}

static int install(int memfd, unsigned flags)
{
    struct stat st;
    MUST(fstat(memfd, &st) == 0);
    void *items = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, memfd, 0);
    struct sock_fprog program = {(unsigned short)((size_t)st.st_size / sizeof(struct sock_filter)), items};
    MUST(items != MAP_FAILED);
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                        flags | SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH, &program);
}

/* Everything that the shim does. */
static void close_cage(const struct fixture *f, size_t descriptors)
{
    struct answer a;
    int second = dial(f);
    ask(dial(f), (struct hg_request){.kind = HG_REQ_CAGE}, (struct words){.path = f->file}, -1, &a);
    MUST(a.head.verdict == HG_VERDICT_ALLOW);
    MUST(a.fd_count == descriptors);
    MUST(((a.head.flags & HG_REPLY_LANDLOCK) != 0) == (descriptors == 3));
    char line[80];
    (void)snprintf(line, sizeof line, "W%s\n", f->dir);
    MUST(strstr(a.text, line) != NULL);
    MUST(prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == 0);
    MUST(install(a.fds[0], 0) == 0);
    int listener = install(a.fds[1], SECCOMP_FILTER_FLAG_NEW_LISTENER);
    MUST(listener >= 0);
    struct answer closed;
    ask(second, (struct hg_request){.kind = HG_REQ_LISTENER}, (struct words){0}, listener, &closed);
    MUST(closed.head.verdict == HG_VERDICT_ALLOW);
    close(listener);
    if (descriptors == 3)
        MUST(syscall(SYS_landlock_restrict_self, a.fds[2], 0) == 0);
    for (size_t i = 0; i < a.fd_count; i++)
        close(a.fds[i]);
}

/* Run `body` in a process of its own. */
static void in_process(const struct fixture *f, void (*body)(const struct fixture *))
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        (void)alarm(100);
        body(f);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static bool reported(const struct fixture *f, const char *text)
{
    static char all[1 << 20];
    FILE *in = fopen(f->report, "re");
    size_t n = in == NULL ? 0 : fread(all, 1, sizeof all - 1, in);
    all[n] = '\0';
    if (in != NULL)
        (void)fclose(in);
    return strstr(all, text) != NULL;
}

/* --- network
 * ---------------------------------------------------------------------------------------------------------
 */

static int broker(int fd, const void *address, size_t size, struct answer *a)
{
    char hex[2 * sizeof(struct sockaddr_storage) + 1];
    hg_hex_write(address, size, hex);
    ask(channel(), (struct hg_request){.kind = HG_REQ_CONNECT, .layer = HG_LAYER_LIBC},
        (struct words){.path = hex}, fd, a);
    return a->head.error;
}

static void network(const struct fixture *f)
{
    struct answer a;
    struct sockaddr_in peer, elsewhere = f->at;
    socklen_t size = sizeof peer;
    close_cage(f, 3);
    ask(channel(), (struct hg_request){.kind = HG_REQ_HELLO}, (struct words){0}, -1, &a);
    MUST(a.head.verdict == HG_VERDICT_ALLOW);

    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(RAW_CONNECT(fd, &f->at, sizeof f->at) == -1 && errno == EACCES);
    MUST(broker(fd, &f->at, sizeof f->at, &a) == 0 && a.head.verdict == HG_VERDICT_ALLOW);
    MUST(getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.sin_port == f->at.sin_port);
    MUST(broker(fd, &f->at, sizeof f->at, &a) == EISCONN);
    close(fd);

    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error = broker(fd, &f->at, sizeof f->at, &a);
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    MUST(error == EINPROGRESS || error == 0);
    MUST(poll(&p, 1, 5000) == 1 && getpeername(fd, (struct sockaddr *)&peer, &size) == 0);
    close(fd);

    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    elsewhere.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
    MUST(broker(fd, &elsewhere, sizeof elsewhere, &a) == EACCES && a.head.verdict == HG_VERDICT_BLOCK);
    MUST(strstr(a.text, "hubguard: remote code tried to connect to 127.0.0.2:") == a.text);
    elsewhere = f->at;
    elsewhere.sin_port = htons(1);
    MUST(broker(fd, &elsewhere, sizeof elsewhere, &a) == EACCES);
    MUST(broker(fd, &f->at, 3, &a) == EINVAL);
    MUST(broker(fd, &(struct sockaddr_in6){.sin6_family = AF_INET6}, sizeof(struct sockaddr_in6), &a) ==
         EAFNOSUPPORT);
    MUST(broker(fd, &(struct sockaddr){.sa_family = AF_PACKET}, sizeof(struct sockaddr), &a) == EAFNOSUPPORT);
    MUST(broker(0, &f->at, sizeof f->at, &a) == ENOTSOCK);
    close(fd);
    MUST(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) == -1);
}

/* A socket that is there from before the cage, which the filter would let nobody make. */
static void old_datagrams(const struct fixture *f)
{
    struct answer a;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    close_cage(f, 3);
    MUST(broker(fd, &f->at, sizeof f->at, &a) == EACCES);
}

static int resolve(const char *node, const char *service, const char *hints, struct answer *a)
{
    ask(channel(), (struct hg_request){.kind = HG_REQ_RESOLVE, .layer = HG_LAYER_LIBC},
        (struct words){.path = node, .resolved = service, .root = hints}, -1, a);
    return a->head.error;
}

static void names(const struct fixture *f)
{
    struct answer a;
    struct hg_sockaddr first;
    char port[8], hex[300];
    int family, type, protocol;
    (void)snprintf(port, sizeof port, "%u", ntohs(f->at.sin_port));
    close_cage(f, 3);
    MUST(resolve("localhost", port, "0 2 1 0", &a) == 0);
    MUST(sscanf(a.text, "%d %d %d %299s", &family, &type, &protocol, hex) == 4);
    MUST(family == AF_INET && type == SOCK_STREAM && hg_sockaddr_parse(hex, &first) == 0);
    MUST(memcmp(&first.at, &f->at, offsetof(struct sockaddr_in, sin_zero)) == 0);
    MUST(resolve("somebody.example", "", "0 0 1 0", &a) == EAI_FAIL);
    MUST(strstr(a.text, "tried to look up somebody.example (net.allow = ") != NULL);
    MUST(resolve("192.0.2.7", "80", "0 0 1 0", &a) == 0);
    MUST(resolve("", "80", "1 2 1 0", &a) == 0 && strstr(a.text, "2 1 6 ") == a.text);
    MUST(resolve("localhost", "80", "rubbish", &a) == EAI_BADFLAGS);
}

/* --- Unix sockets
 * ---------------------------------------------------------------------------------------------------- */

static int listen_at(const struct fixture *f, struct sockaddr_un *un)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *un = (struct sockaddr_un){.sun_family = AF_UNIX};
    (void)snprintf(un->sun_path, sizeof un->sun_path, "%s/socket", f->dir);
    (void)unlink(un->sun_path);
    return bind(fd, (struct sockaddr *)un, sizeof *un) == 0 && listen(fd, 8) == 0 ? fd : -1;
}

static int test_listener; /* inherited over fork(2), and then the caged process would hold it too */

static void unix_sockets(const struct fixture *f)
{
    close(test_listener);
    struct answer a;
    struct sockaddr_un un = {.sun_family = AF_UNIX},
                       abstract = {.sun_family = AF_UNIX, .sun_path = "\0hubguard"};
    (void)snprintf(un.sun_path, sizeof un.sun_path, "%s/socket", f->dir);
    close_cage(f, 3);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(broker(fd, &un, sizeof un, &a) == EACCES); /* the test's own, outside of the tree */
    MUST(broker(fd, &abstract, offsetof(struct sockaddr_un, sun_path) + 9, &a) == EACCES);
    int own = listen_at(f, &un);
    MUST(own >= 0);
    MUST(broker(fd, &un, sizeof un, &a) == 0);
    MUST(write(fd, "hello", 5) == 5);
    close(fd);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(broker(fd, &un, sizeof un, &a) == 0); /* known by now */
    close(fd);
    close(own);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(broker(fd, &un, sizeof un, &a) == ECONNREFUSED);
    (void)snprintf(un.sun_path, sizeof un.sun_path, "%s/none", f->dir);
    MUST(broker(fd, &un, sizeof un, &a) == ENOENT);
    memcpy(un.sun_path, f->rundir.socket, sizeof un.sun_path);
    MUST(broker(fd, &un, sizeof un, &a) == EACCES);
}

/* --- programs and calls
 * ------------------------------------------------------------------------------------------------ */

/* How a program that was started ends. 1000 + errno when it is not. */
static int start(const char *path, const char *argument)
{
    int status;
    int told[2];
    MUST(pipe2(told, O_CLOEXEC) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        char *const argv[] = {(char *)(uintptr_t)path, (char *)(uintptr_t)argument, NULL};
        execv(path, argv);
        int code = errno;
        ssize_t n = write(told[1], &code, sizeof code);
        _exit(n == sizeof code ? 0 : 9);
    }
    close(told[1]);
    int code = 0;
    ssize_t n = read(told[0], &code, sizeof code);
    close(told[0]);
    MUST(waitpid(pid, &status, 0) == pid);
    return n == sizeof code ? 1000 + code : status;
}

#define LOADER "/lib64/ld-linux-x86-64.so.2"

static char *changing; /* shared with the children */
static char allowed[512];
static atomic_bool enough;

static void *change_name(void *unused)
{
    (void)unused;
    for (bool odd = false; !enough; odd = !odd) {
        (void)strcpy(changing, odd ? LOADER : allowed);
        for (volatile int i = 0; i < 2000; i++)
            ;
    }
    return NULL;
}

/* Another path for the kernel than for the guard, so that Landlock lets ld.so be started, which maps another
 * program: it dies before that runs. The race is won now and then; what is never started is /bin/false. */
static void programs_behind_the_check(const struct fixture *f)
{
    pthread_t thread;
    ssize_t n = readlink("/proc/self/exe", allowed, sizeof allowed - 1);
    changing = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MUST(n > 0 && changing != MAP_FAILED);
    close_cage(f, 3);
    MUST(pthread_create(&thread, NULL, change_name, NULL) == 0);
    bool killed = false;
    for (int i = 0; i < 300 && !killed; i++) {
        int how = start(changing, "/bin/false"); /* the test itself ends well with any argument */
        killed = how == SIGKILL;
        MUST(killed || how == 0 || how == 1000 + EACCES || how == 1000 + ENOENT);
    }
    enough = true;
    (void)pthread_join(thread, NULL);
}

static void programs(const struct fixture *f)
{
    char self[512];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    MUST(n > 0);
    self[n] = '\0';
    close_cage(f, 3);
    MUST(start("/bin/sh", "-c:") == 1000 + EACCES);
    MUST(start("/no/such/program", "x") == 1000 + ENOENT);
    MUST(start(self, "--just-end") == 0);
    MUST(start("/proc/self/exe", "--just-end") == 0);
    MUST(start(LOADER, "/bin/true") == 1000 + (access(LOADER, X_OK) == 0 ? EACCES : ENOENT));
    MUST(start("/proc/self/root/bin/sh", "-c:") == 1000 + EACCES);
    int sh = open("/bin/sh", O_PATH | O_CLOEXEC);
    char link[48];
    (void)snprintf(link, sizeof link, "/dev/fd/%d", sh);
    MUST(start(link, "-c:") == 1000 + EACCES);
    MUST(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1 && errno == EPERM);
    MUST(syscall(SYS_set_tid_address, NULL) > 0); /* by running code: nothing to it */
    MUST(open("/etc/hubguard-test", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) == -1 && errno == EACCES);
}

/* --- attributes and questions
 * ------------------------------------------------------------------------------------------- */

static int change(int fd, const char *words)
{
    struct answer a;
    ask(channel(), (struct hg_request){.kind = HG_REQ_ATTR, .layer = HG_LAYER_LIBC},
        (struct words){.resolved = words}, fd, &a);
    return a.head.error;
}

static void attributes(const struct fixture *f)
{
    struct stat st;
    close_cage(f, 3);
    int fd = open(f->file, O_PATH | O_CLOEXEC), outside = open(f->outside, O_PATH | O_CLOEXEC);
    int memfd = memfd_create("x", MFD_CLOEXEC | 8u /* MFD_NOEXEC_SEAL */);
    MUST(chmod(f->file, 0644) == -1 && errno == EPERM);
    MUST(change(fd, "chmod 640") == 0 && fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0640);
    MUST(change(fd, "chmod 4755") == EPERM);
    MUST(change(fd, "chmod 1755") == EPERM);
    MUST(change(fd, "chmod 99") == EINVAL);
    MUST(change(fd, "chmod 755 ") == EINVAL);
    MUST(change(fd, "chown -1 -1") == 0);
    MUST(change(fd, "chown -2 -1") == EINVAL);
    int set = change(fd, "setxattr 0 user.hubguard 6869");
    MUST(set == 0 || set == EOPNOTSUPP);
    MUST(change(fd, "removexattr user.hubguard") == set);
    MUST(change(fd, "setxattr 0 security.capability 6869") == EPERM);
    MUST(change(fd, "setxattr 0 trusted.x 6869") == EPERM);
    MUST(change(fd, "setxattr 0 user.x 686") == EINVAL);
    MUST(change(fd, "unlink") == EINVAL);
    MUST(change(outside, "chmod 777") == EACCES && fstat(outside, &st) == 0 && (st.st_mode & 07777) == 0600);
    struct answer given;
    ask(channel(), (struct hg_request){.kind = HG_REQ_MEMFD, .flags = HG_REQ_NO_BYTES},
        (struct words){.path = ""}, -1, &given);
    MUST(given.head.verdict == HG_VERDICT_ALLOW && given.fd_count == 1);
    MUST(fstat(given.fds[0], &st) == 0 && (st.st_mode & 07777) == 0600 && st.st_size == 0);
    MUST(fchmod(given.fds[0], 0700) == -1 && errno == EPERM);
    MUST(change(given.fds[0], "chmod 700") == EPERM);
    MUST(fcntl(given.fds[0], F_ADD_SEALS, F_SEAL_WRITE) == 0);
    if (memfd >= 0) {
        MUST(change(memfd, "chmod 600") == 0);
        MUST(change(memfd, "chmod 700") == EPERM);
    }
}

static void may(const struct fixture *f, const char *what, const char *object, bool expected,
                const char *text)
{
    struct answer a;
    char frame[160];
    (void)snprintf(frame, sizeof frame, "%s/modeling_x.py", f->dir);
    ask(channel(), (struct hg_request){.kind = HG_REQ_ACT, .layer = HG_LAYER_AUDIT, .line = 42},
        (struct words){.path = object, .resolved = what, .frame = frame}, -1, &a);
    MUST(a.head.verdict == (expected ? HG_VERDICT_ALLOW : HG_VERDICT_BLOCK));
    MUST(strstr(a.text, text) != NULL);
    MUST(expected ||
         (strncmp(a.text, "hubguard: ", 10) == 0 && strstr(a.text, "modeling_x.py:42 tried to ") != NULL));
}

static void questions(const struct fixture *f)
{
    char address[64];
    close_cage(f, 3);
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", ntohs(f->at.sin_port));
    may(f, "exec", "/bin/sh", false, "tried to run /bin/sh (exec.allow = python)");
    may(f, "exec", "sh", false, "tried to run sh (");
    may(f, "exec", "/proc/self/exe", true, "");
    may(f, "exec", "/no/such/program", true, "");
    may(f, "connect", address, true, "");
    may(f, "connect", "127.0.0.1:1", false, "tried to connect to 127.0.0.1:1 (net.allow = 127.0.0.1/32:");
    may(f, "connect", "[::1]:80", false, "tried to connect to [::1]:80");
    may(f, "connect", "somebody.example:443", false, "");
    may(f, "connect", "localhost:443", true, "");
    may(f, "resolve", "localhost", true, "");
    may(f, "resolve", "somebody.example", false, "tried to look up");
    may(f, "write", f->file, true, "");
    may(f, "write", "/etc/passwd", false, "tried to write /etc/passwd (fs.write = ");
    may(f, "read", "/etc/passwd", true, "");
}

/* --- many, and the end of the guard
 * ------------------------------------------------------------------------------------- */

static size_t open_descriptors(pid_t pid)
{
    char path[48];
    size_t n = 0;
    (void)snprintf(path, sizeof path, "/proc/%ld/fd", (long)pid);
    DIR *dir = opendir(path);
    while (dir != NULL && readdir(dir) != NULL)
        n++;
    if (dir != NULL)
        (void)closedir(dir);
    return n;
}

static int calls(void)
{
    const char *text = getenv("HUBGUARD_TEST_CALLS");
    return text == NULL ? 3000 : atoi(text);
}

static void many_calls(const struct fixture *f)
{
    struct answer a;
    close_cage(f, 3);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), most = calls();
    for (int i = 0; i < most; i++) {
        struct sockaddr_in to = f->at;
        to.sin_port = htons((uint16_t)i);
        MUST(RAW_CONNECT(fd, &to, sizeof to) == -1);
        if (i % 10 == 0)
            MUST(broker(fd, &to, sizeof to, &a) == EACCES || to.sin_port == f->at.sin_port);
        if (i % 100 == 0)
            close(channel());
    }
}

static void without_guard(const struct fixture *f)
{
    close_cage(f, 3);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), told = channel();
    MUST(told >= 0);
    MUST(syscall(SYS_kill, f->guard, 0) == -1); /* its signals are scoped */
    close(told);
    for (int i = 0; i < 1000 && channel() >= 0; i++) /* the test kills it meanwhile */
        MUST(usleep(10000) == 0);
    MUST(channel() == -1 && errno == ENOSYS);
    MUST(RAW_CONNECT(fd, &f->at, sizeof f->at) == -1 && errno == ENOSYS);
    MUST(start("/proc/self/exe", "--just-end") == 1000 + ENOSYS);
}

/* A connect that waits in a thread of the guard, when that is asked to end. */
static void waits(const struct fixture *f)
{
    struct answer a;
    struct sockaddr_un un;
    close_cage(f, 3);
    int own = listen_at(f, &un);
    MUST(own >= 0 && listen(own, 0) == 0);
    int first = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int second = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(broker(first, &un, sizeof un, &a) == 0); /* the backlog is full now */
    MUST(fcntl(second, F_SETFL, O_NONBLOCK) == 0 && broker(second, &un, sizeof un, &a) == EAGAIN);
    MUST(fcntl(second, F_SETFL, 0) == 0);
    /* Others are served meanwhile. */
    int third = fork();
    if (third == 0) {
        (void)usleep(300000);
        may(f, "resolve", "localhost", true, "");
        _exit(access(f->outside, F_OK) == 0 ? 0 : 1);
    }
    MUST(broker(second, &un, sizeof un, &a) == EACCES && strstr(a.text, "the guard ends") != NULL);
    int status;
    MUST(waitpid(third, &status, 0) == third && status == 0);
}

/* --- lies
 * ------------------------------------------------------------------------------------------------------------
 */

static uint32_t listener_verdict(const struct fixture *f, int fd)
{
    struct answer a;
    ask(dial(f), (struct hg_request){.kind = HG_REQ_LISTENER}, (struct words){0}, fd, &a);
    close(fd);
    return a.head.verdict;
}

static void lies(const struct fixture *f)
{
    struct answer a;
    int ends[2];
    /* Without a question before it, and with everything but a listener. */
    MUST(listener_verdict(f, open("/dev/null", O_RDONLY | O_CLOEXEC)) == HG_VERDICT_BLOCK);
    ask(dial(f), (struct hg_request){.kind = HG_REQ_CAGE}, (struct words){.path = f->file}, -1, &a);
    MUST(a.head.verdict == HG_VERDICT_ALLOW && a.fd_count == 3);
    MUST(listener_verdict(f, open("/dev/null", O_RDONLY | O_CLOEXEC)) == HG_VERDICT_BLOCK);
    MUST(pipe2(ends, O_CLOEXEC) == 0);
    MUST(listener_verdict(f, ends[0]) == HG_VERDICT_BLOCK);
    MUST(listener_verdict(f, dup(a.fds[0])) == HG_VERDICT_BLOCK);
    MUST(listener_verdict(f, socket(AF_UNIX, SOCK_STREAM, 0)) == HG_VERDICT_BLOCK);
    /* It could not be closed: told, and the code does not run. */
    ask(dial(f), (struct hg_request){.kind = HG_REQ_LISTENER, .error = EPERM},
        (struct words){.path = "/c/m.py", .resolved = "thread 7 did not answer"}, -1, &a);
    MUST(a.head.verdict == HG_VERDICT_BLOCK && strstr(a.text, "hubguard: blocked /c/m.py\n") == a.text);
    MUST(strstr(a.text, "thread 7 did not answer") != NULL);
    /* Who is in no cage gets nothing done. */
    ask(dial(f), (struct hg_request){.kind = HG_REQ_ACT, .layer = HG_LAYER_AUDIT},
        (struct words){.path = "/bin/sh", .resolved = "exec"}, -1, &a);
    MUST(a.head.verdict == HG_VERDICT_BLOCK && a.head.error == EACCES);
}

/* A machine that lacks what the policy needs. */
static void lacking(const struct fixture *f)
{
    struct answer a;
    char text[128];
    ask(dial(f), (struct hg_request){.kind = HG_REQ_CAGE}, (struct words){.path = f->file}, -1, &a);
    MUST(a.head.verdict == HG_VERDICT_BLOCK && a.fd_count == 0);
    (void)snprintf(text, sizeof text, "hubguard: blocked %s\n", f->file);
    MUST(strstr(a.text, text) == a.text);
    MUST(strstr(a.text, "[exec] allow (p.ini:6) needs Landlock, which this machine lacks: EOPNOTSUPP") !=
         NULL);
    MUST(strstr(a.text, "  what helps: ") != NULL);
}

static void lacking_and_allowed(const struct fixture *f)
{
    struct answer a;
    ask(dial(f), (struct hg_request){.kind = HG_REQ_CAGE}, (struct words){.path = f->file}, -1, &a);
    MUST(a.head.verdict == HG_VERDICT_ALLOW && a.fd_count == 0 && (a.head.flags & HG_REPLY_BANNER) != 0);
    MUST(strstr(a.text, "hubguard: warning: not caged: ") == a.text);
}

/* --- observing
 * ------------------------------------------------------------------------------------------------------- */

static void observed(const struct fixture *f)
{
    struct answer a;
    struct sockaddr_in elsewhere = f->at;
    elsewhere.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
    close_cage(f, 2);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(RAW_CONNECT(fd, &f->at, sizeof f->at) == 0);
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(broker(fd, &elsewhere, sizeof elsewhere, &a) == ECONNREFUSED);
    MUST(chmod(f->file, 0640) == 0);
    MUST(start("/bin/sh", NULL) == 0);
}

/* --- the tests
 * ----------------------------------------------------------------------------------------------------- */

#define LIVE(name, body)                                                                                     \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        in_process(*state, body);                                                                            \
    }

LIVE(old_datagrams_go_nowhere, old_datagrams)
LIVE(names_by_the_guard, names)
LIVE(attributes_by_the_guard, attributes)
LIVE(questions_of_hooks, questions)
LIVE(lies_are_refused, lies)
LIVE(programs_behind_the_check_die, programs_behind_the_check)
LIVE(lacking_is_refused, lacking)
LIVE(lacking_is_let_through, lacking_and_allowed)

static void network_by_the_guard(void **state)
{
    struct fixture *f = *state;
    in_process(f, network);
    assert_true(reported(f, "\"type\":\"cage\""));
    assert_true(
        reported(f, "\"layer\":\"kernel\",\"act\":\"connect\",\"call\":\"connect\",\"object\":\"127.0.0.1:"));
    assert_true(reported(f, "\"layer\":\"hook\",\"act\":\"connect\",\"call\":null,\"object\":\"127.0.0.2:"));
}

static void programs_by_the_guard(void **state)
{
    struct fixture *f = *state;
    in_process(f, programs);
    assert_true(reported(f, "\"act\":\"exec\",\"call\":\"execve\",\"object\":\"/"));
    assert_true(reported(f, "\"act\":\"syscall\",\"call\":\"ptrace\""));
}

static void unix_sockets_by_the_guard(void **state)
{
    struct sockaddr_un un;
    test_listener = listen_at(*state, &un);
    assert_true(test_listener >= 0);
    in_process(*state, unix_sockets);
    close(test_listener);
}

static void many(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    in_process(f, network);
    size_t before = open_descriptors(f->guard);
    in_process(f, many_calls);
    size_t after = 0;
    for (int i = 0; i < 100 && (after = open_descriptors(f->guard)) > before; i++)
        (void)usleep(20000);
    assert_true(after <= before);
    assert_int_equal(stat(f->report, &st), 0);
    assert_true(st.st_size < 2100 * 500); /* not a line for each */
}

static void guard_dies(void **state)
{
    struct fixture *f = *state;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        (void)alarm(60);
        without_guard(f);
        _exit(0);
    }
    for (int i = 0; i < 500 && !reported(f, "\"type\":\"cage\""); i++)
        (void)usleep(10000);
    (void)usleep(100000);
    assert_int_equal(kill(f->guard, SIGKILL), 0);
    assert_int_equal(waitpid(f->guard, &status, 0), f->guard);
    f->guard_died = true;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void guard_ends(void **state)
{
    struct fixture *f = *state;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        (void)alarm(60);
        waits(f);
        _exit(0);
    }
    (void)usleep(2000000);
    assert_int_equal(kill(f->guard, SIGTERM), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void observing(void **state)
{
    struct fixture *f = *state;
    in_process(f, observed);
    assert_true(reported(f, "\"verdict\":\"observing\""));
    assert_true(reported(f, "\"call\":\"chmod\",\"object\":\"chmod\",\"verdict\":\"would-refuse\""));
    assert_true(reported(f, "\"call\":\"execve\""));
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        _exit(0); /* not exit(3): a leak checker wants ptrace(2) */
    struct hg_machine m;
    hg_machine_probe(&m);
    if (!m.seccomp_filter || !m.addfd || m.landlock_abi < 6) {
        (void)puts("skipped: this kernel has no seccomp notification or no Landlock ABI 6");
        return 0;
    }
    (void)unsetenv("XDG_CACHE_HOME");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(network_by_the_guard, set_up, tear_down),
        cmocka_unit_test_setup_teardown(old_datagrams_go_nowhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_by_the_guard, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unix_sockets_by_the_guard, set_up, tear_down),
        cmocka_unit_test_setup_teardown(programs_by_the_guard, set_up, tear_down),
        cmocka_unit_test_setup_teardown(programs_behind_the_check_die, set_up, tear_down),
        cmocka_unit_test_setup_teardown(attributes_by_the_guard, set_up, tear_down),
        cmocka_unit_test_setup_teardown(questions_of_hooks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lies_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lacking_is_refused, set_up_without_landlock, tear_down),
        cmocka_unit_test_setup_teardown(lacking_is_let_through, set_up_without_and_allow, tear_down),
        cmocka_unit_test_setup_teardown(many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(guard_dies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(guard_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(observing, set_up_observing, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
