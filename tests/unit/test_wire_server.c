/* SPDX-License-Identifier: Apache-2.0 */
/* The real server, gate and workers in a child process, asked by friendly and by hostile peers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guard/rundir.h"
#include "guard/server.h"

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int scan(void *context, const struct hg_scan_input *input, struct hg_findings *out)
{
    (void)context;
    if (input->size >= 4 && memcmp(input->bytes, "evil", 4) == 0) {
        const struct hg_finding f = {.rule = (char *)(uintptr_t) "T-EVIL",
                                     .message = (char *)(uintptr_t) "evil",
                                     .severity = HG_SEV_CRITICAL,
                                     .line = 1};
        return hg_findings_add(out, &f);
    }
    if (input->size >= 4 && memcmp(input->bytes, "hang", 4) == 0)
        for (volatile int i = 0;; i++)
            ;
    return 0;
}

struct fixture {
    struct hg_rundir rundir;
    pid_t guard;
};

static _Noreturn void guard_main(const struct hg_rundir *rundir)
{
    struct hg_loop loop;
    struct hg_policy policy;
    struct hg_lock *lock;
    struct hg_report *report;
    struct hg_gate *gate;
    struct hg_server *server;
    struct hg_error err;
    static struct hg_roots roots;
    (void)alarm(60); /* a test that failed leaves no guard behind */
    if (hg_loop_open(&loop) != 0 || hg_policy_default(&policy, &err) != 0 ||
        hg_lock_parse("{\"version\":1,\"approved\":[]}", 27, "none", &lock, &err) != 0 ||
        hg_report_open(NULL, &report, &err) != 0)
        _exit(3);
    policy.max_size = 65536;
    policy.timeout_ms = 500;
    const struct hg_gate_options options = {.loop = &loop,
                                            .policy = &policy,
                                            .lock = lock,
                                            .roots = &roots,
                                            .report = report,
                                            .ruleset = "test",
                                            .pool = {.workers = 2, .timeout_ms = 500, .scan = scan},
                                            .started_by = "run"};
    if (hg_gate_open(&options, &gate, &err) != 0)
        _exit(4);
    const struct hg_server_options listen_on = {.loop = &loop, .gate = gate, .listen_fd = rundir->listen_fd};
    if (hg_server_open(&listen_on, &server) != 0)
        _exit(5);
    while (hg_loop_step(&loop) == 0)
        ;
    _exit(6);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct hg_error err;
    if (f == NULL || hg_rundir_open(&f->rundir, &err) != 0)
        return -1;
    f->guard = fork();
    if (f->guard == 0)
        guard_main(&f->rundir);
    *state = f;
    return f->guard > 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    int status;
    int rc = waitpid(f->guard, &status, WNOHANG) == 0 ? 0 : -1; /* it must still be there */
    (void)kill(f->guard, SIGKILL);
    (void)waitpid(f->guard, &status, 0);
    hg_rundir_close(&f->rundir);
    free(f);
    return rc;
}

/* --- a peer
 * ------------------------------------------------------------------------------------------------------------
 */

static int dial(const struct fixture *f)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    memcpy(to.sun_path, f->rundir.socket, sizeof to.sun_path);
    while (connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
        assert_int_equal(errno, EAGAIN);
    return fd;
}

static int sealed(const char *bytes, size_t size, int seals)
{
    int fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static struct hg_request head(uint32_t kind, uint64_t size)
{
    return (struct hg_request){.magic = HG_WIRE_MAGIC,
                               .version = HG_WIRE_VERSION,
                               .kind = kind,
                               .layer = HG_LAYER_LIBC,
                               .size = size,
                               .pid = getpid(),
                               .tid = getpid()};
}

static void send_packet(int sock, const void *bytes, size_t size, const int *fds, size_t count)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(16 * sizeof(int))];
    } control = {0};
    struct iovec iov = {(void *)(uintptr_t)bytes, size};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (count != 0) {
        msg.msg_control = control.room;
        msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(c), fds, count * sizeof(int));
    }
    assert_int_equal(sendmsg(sock, &msg, MSG_NOSIGNAL), (ssize_t)size);
}

/* The verdict, or 0 when the guard just hung up. Closes the socket. */
static uint32_t verdict_of(int sock, char *text, size_t room)
{
    char packet[sizeof(struct hg_reply) + HG_WIRE_TEXT_MAX];
    struct hg_reply reply;
    struct pollfd p = {.fd = sock, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 8000), 1);
    ssize_t n = recv(sock, packet, sizeof packet, 0);
    close(sock);
    if (n <= 0)
        return 0;
    assert_true(n >= (ssize_t)sizeof reply);
    memcpy(&reply, packet, sizeof reply);
    assert_int_equal(reply.magic, HG_WIRE_MAGIC);
    assert_int_equal(reply.version, HG_WIRE_VERSION);
    assert_int_equal(n, (ssize_t)(sizeof reply + reply.text_len));
    assert_true(reply.text_len < HG_WIRE_TEXT_MAX);
    if (text != NULL)
        (void)snprintf(text, room, "%.*s", (int)reply.text_len, packet + sizeof reply);
    return reply.verdict;
}

/* A well-formed question about some bytes. */
static int ask(const struct fixture *f, const char *bytes)
{
    char packet[sizeof(struct hg_request) + 8];
    struct hg_request h = head(HG_REQ_SOURCE, strlen(bytes));
    int sock = dial(f), fd = sealed(bytes, strlen(bytes), ALL_SEALS);
    h.path_len = 5;
    h.root_len = 2;
    memcpy(packet, &h, sizeof h);
    memcpy(packet + sizeof h, "/r/xx/r", 7);
    send_packet(sock, packet, sizeof h + 7, &fd, 1);
    close(fd);
    return sock;
}

static void assert_alive(const struct fixture *f)
{
    char text[HG_WIRE_TEXT_MAX];
    assert_int_equal(verdict_of(ask(f, "benign"), NULL, 0), HG_VERDICT_ALLOW);
    assert_int_equal(verdict_of(ask(f, "evil"), text, sizeof text), HG_VERDICT_BLOCK);
    assert_non_null(strstr(text, "hubguard: blocked /r/xx:1\n  T-EVIL evil\n"));
}

static void friendly(void **state)
{
    struct fixture *f = *state;
    assert_alive(f);
    assert_alive(f);
    struct hg_request h = head(HG_REQ_HELLO, 0);
    h.flags = HG_REQ_NO_BYTES;
    h.layer = 0;
    int sock = dial(f);
    send_packet(sock, &h, sizeof h, NULL, 0);
    assert_int_equal(verdict_of(sock, NULL, 0), HG_VERDICT_ALLOW);
}

/* --- packets that are no requests
 * ------------------------------------------------------------------------------------ */

struct packet_case {
    const char *name;
    struct hg_request head;
    size_t text; /* bytes after the head */
    size_t cut;  /* bytes left off the end */
    size_t fds;
};

#define M .magic = HG_WIRE_MAGIC, .version = HG_WIRE_VERSION, .layer = HG_LAYER_LIBC, .size = 4

static const struct packet_case packets[] = {
    {"no magic", {.version = HG_WIRE_VERSION, .kind = HG_REQ_SOURCE, .size = 4}, 0, 0, 1},
    {"other version",
     {.magic = HG_WIRE_MAGIC, .version = HG_WIRE_VERSION + 1, .kind = HG_REQ_SOURCE, .size = 4},
     0,
     0,
     1},
    {"one byte", {M, .kind = HG_REQ_SOURCE}, 0, sizeof(struct hg_request) - 1, 1},
    {"short head", {M, .kind = HG_REQ_SOURCE}, 0, 1, 1},
    {"unknown kind", {M, .kind = HG_REQ_MEMFD + 1}, 0, 0, 1},
    {"huge kind", {M, .kind = 0xffffffffu}, 0, 0, 1},
    {"unknown flag", {M, .kind = HG_REQ_SOURCE, .flags = 0x80}, 0, 0, 1},
    {"unknown trouble",
     {M, .kind = HG_REQ_SOURCE, .flags = HG_REQ_NO_BYTES, .trouble = HG_TROUBLE_READ + 1},
     0,
     0,
     0},
    {"unknown layer",
     {.magic = HG_WIRE_MAGIC, .version = HG_WIRE_VERSION, .kind = HG_REQ_SOURCE, .size = 4, .layer = 77},
     0,
     0,
     1},
    {"strings longer than the packet", {M, .kind = HG_REQ_SOURCE, .path_len = 100}, 10, 0, 1},
    {"strings shorter than the packet", {M, .kind = HG_REQ_SOURCE, .path_len = 3}, 10, 0, 1},
    {"sum of lengths", {M, .kind = HG_REQ_SOURCE, .path_len = 65535, .resolved_len = 65535}, 100, 0, 1},
    {"bytes announced, none sent", {M, .kind = HG_REQ_SOURCE}, 0, 0, 0},
    {"none announced, bytes sent", {M, .kind = HG_REQ_UNGATED, .flags = HG_REQ_NO_BYTES}, 0, 0, 1},
    {"no bytes and no trouble", {M, .kind = HG_REQ_SOURCE, .flags = HG_REQ_NO_BYTES}, 0, 0, 0},
    {"two descriptors", {M, .kind = HG_REQ_SOURCE}, 0, 0, 2},
    {"sixteen descriptors", {M, .kind = HG_REQ_SOURCE}, 0, 0, 16},
    {"over-long packet", {M, .kind = HG_REQ_SOURCE, .path_len = 40000}, 40000, 0, 1},
    {"another size than the bytes have",
     {.magic = HG_WIRE_MAGIC, .version = HG_WIRE_VERSION, .kind = HG_REQ_SOURCE, .size = 3},
     0,
     0,
     1},
    {"a cage with bytes", {M, .kind = HG_REQ_CAGE}, 0, 0, 1},
    {"a cage without any", {M, .kind = HG_REQ_CAGE}, 0, 0, 0},
    {"no listener and no error", {M, .kind = HG_REQ_LISTENER, .flags = HG_REQ_NO_BYTES}, 0, 0, 0},
    {"a listener and an error", {M, .kind = HG_REQ_LISTENER, .error = 1}, 0, 0, 1},
    {"connect without a socket",
     {M, .kind = HG_REQ_CONNECT, .flags = HG_REQ_NO_BYTES, .path_len = 1},
     1,
     0,
     0},
    {"connect without an address", {M, .kind = HG_REQ_CONNECT}, 0, 0, 1},
    {"resolve with a descriptor", {M, .kind = HG_REQ_RESOLVE}, 0, 0, 1},
    {"attr without a file", {M, .kind = HG_REQ_ATTR, .flags = HG_REQ_NO_BYTES}, 0, 0, 0},
    {"an act with a descriptor", {M, .kind = HG_REQ_ACT}, 0, 0, 1},
    {"an act that is text", {M, .kind = HG_REQ_ACT, .flags = HG_REQ_NO_BYTES | HG_REQ_TEXT}, 0, 0, 0},
    {"an act with trouble",
     {M, .kind = HG_REQ_ACT, .flags = HG_REQ_NO_BYTES, .trouble = HG_TROUBLE_READ},
     0,
     0,
     0},
    {"an act, where there is no cage", {M, .kind = HG_REQ_ACT, .flags = HG_REQ_NO_BYTES}, 0, 0, 0},
};

static void hostile_packets(void **state)
{
    struct fixture *f = *state;
    static char packet[sizeof(struct hg_request) + 70000];
    int fds[16];
    for (size_t i = 0; i < 16; i++)
        fds[i] = sealed("fine", 4, ALL_SEALS);
    for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
        const struct packet_case *c = &packets[i];
        char text[HG_WIRE_TEXT_MAX] = "";
        int sock = dial(f);
        memcpy(packet, &c->head, sizeof c->head);
        memset(packet + sizeof c->head, 'p', c->text);
        send_packet(sock, packet, sizeof c->head + c->text - c->cut, fds, c->fds);
        uint32_t verdict = verdict_of(sock, text, sizeof text);
        if (verdict != HG_VERDICT_BLOCK || strncmp(text, "hubguard: blocked\n", 18) != 0)
            fail_msg("%s: verdict %u, text %s", c->name, verdict, text);
    }
    for (size_t i = 0; i < 16; i++)
        close(fds[i]);
    assert_alive(f);
}

static void nul_in_path(void **state)
{
    struct fixture *f = *state;
    char packet[sizeof(struct hg_request) + 4];
    struct hg_request h = head(HG_REQ_SOURCE, 4);
    h.path_len = 4;
    memcpy(packet, &h, sizeof h);
    memcpy(packet + sizeof h, "/a\0b", 4);
    int sock = dial(f), fd = sealed("fine", 4, ALL_SEALS);
    send_packet(sock, packet, sizeof packet, &fd, 1);
    close(fd);
    assert_int_equal(verdict_of(sock, NULL, 0), HG_VERDICT_BLOCK);
}

/* --- descriptors that are no sealed memfd
 * ----------------------------------------------------------------------------- */

static uint32_t ask_with(const struct fixture *f, int fd, uint64_t size)
{
    struct hg_request h = head(HG_REQ_SOURCE, size);
    int sock = dial(f);
    send_packet(sock, &h, sizeof h, &fd, 1);
    close(fd);
    return verdict_of(sock, NULL, 0);
}

static void hostile_descriptors(void **state)
{
    struct fixture *f = *state;
    int ends[2];
    for (int missing = 1; missing <= F_SEAL_WRITE; missing <<= 1)
        assert_int_equal(ask_with(f, sealed("fine", 4, ALL_SEALS & ~missing), 4), HG_VERDICT_BLOCK);
    assert_int_equal(ask_with(f, sealed("fine", 4, ALL_SEALS), 4), HG_VERDICT_ALLOW);
    assert_int_equal(ask_with(f, open("/dev/zero", O_RDONLY | O_CLOEXEC), 4), HG_VERDICT_BLOCK);
    assert_int_equal(ask_with(f, open("/proc/self/exe", O_RDONLY | O_CLOEXEC), 4), HG_VERDICT_BLOCK);
    assert_int_equal(ask_with(f, open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), 4), HG_VERDICT_BLOCK);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(ask_with(f, ends[0], 4), HG_VERDICT_BLOCK);
    close(ends[1]);
    /* Beyond max_size, and far beyond any memory: refused by its size alone. */
    char *big = calloc(1, 65537);
    assert_int_equal(ask_with(f, sealed(big, 65536, ALL_SEALS), 65536), HG_VERDICT_ALLOW);
    assert_int_equal(ask_with(f, sealed(big, 65537, ALL_SEALS), 65537), HG_VERDICT_BLOCK);
    free(big);
    int huge = memfd_create("huge", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(huge, (off_t)1 << 40), 0);
    assert_int_equal(fcntl(huge, F_ADD_SEALS, ALL_SEALS), 0);
    assert_int_equal(ask_with(f, huge, (uint64_t)1 << 40), HG_VERDICT_BLOCK);
    assert_alive(f);
}

/* --- peers that take their time
 * ---------------------------------------------------------------------------------------- */

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void silent_peers(void **state)
{
    struct fixture *f = *state;
    enum { SILENT = 100 };
    int silent[SILENT];
    assert_alive(f);
    for (size_t i = 0; i < SILENT; i++)
        silent[i] = dial(f);
    long began = now_ms();
    assert_alive(f);
    assert_true(now_ms() - began < 400); /* not behind them */
    int hanging = ask(f, "hang");
    began = now_ms();
    assert_alive(f);
    assert_true(now_ms() - began < 400); /* nor behind a scan that hangs */
    char text[HG_WIRE_TEXT_MAX];
    assert_int_equal(verdict_of(hanging, text, sizeof text), HG_VERDICT_BLOCK);
    assert_non_null(strstr(text, "scan did not finish within 500ms"));
    for (size_t i = 0; i < SILENT; i++) /* each was hung up on */
        assert_int_equal(verdict_of(silent[i], NULL, 0), 0);
}

static void peers_that_leave(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < 200; i++) {
        close(dial(f));
        close(ask(f, i % 2 == 0 ? "benign" : "evil"));
    }
    close(ask(f, "hang"));
    assert_alive(f);
}

/* More silent connections than the guard holds: a new one that speaks is still served. */
static void connection_flood(void **state)
{
    struct fixture *f = *state;
    struct rlimit r;
    enum { FLOOD = 900 };
    static int fds[FLOOD];
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &r), 0);
    r.rlim_cur = r.rlim_max < 2000 ? r.rlim_max : 2000;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &r), 0);
    for (size_t i = 0; i < FLOOD; i++)
        fds[i] = dial(f);
    assert_alive(f);
    for (size_t i = 0; i < FLOOD; i++)
        close(fds[i]);
}

int main(void)
{
    (void)unsetenv("XDG_CACHE_HOME");
    (void)unsetenv("HOME"); /* no cache on disk: every scan is one */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(friendly, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hostile_packets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nul_in_path, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hostile_descriptors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(silent_peers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(peers_that_leave, set_up, tear_down),
        cmocka_unit_test_setup_teardown(connection_flood, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
