/* SPDX-License-Identifier: Apache-2.0 */
/* One question to the guard. A connection for each: nothing is kept open, so a process that closes every
 * descriptor, forks or asks from many threads is served like any other. */
#include "shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "shim/cage.h"
#include "shim/reply.h"

/* Longer than any scan timeout and a queue of them; a stopped guard must not hang the process for ever. Once
 * it has failed to answer, later questions wait only briefly. */
#define ANSWER_MS  30000
#define SUSPECT_MS 1000

enum start { GUARD_NONE = 0, GUARD_STARTING, GUARD_READY, GUARD_FAILED };

static struct {
    atomic_int start;
    atomic_int starter; /* pid that is starting it: a fork in that moment must not wait for its parent */
    atomic_int talked; /* this process or one it was forked from has had an answer: a guard that is gone stays
                          gone */
    atomic_int suspect; /* the last question was not answered in time */
    bool automatic;     /* bare preload: this process may start a guard */
    pid_t pid;          /* of the guard */
    char path[108];
    char env[256]; /* HUBGUARD_SOCKET=... for children */
    char failure[1024];
    atomic_int limits_known;
    uint64_t max_size;
    uint32_t bytecode;
} guard;

/* "PATH:PID" of a guard that `hubguard run` started, "PATH:PID:auto" of one that a shim started. */
static bool parse_where(const char *text, bool *automatic)
{
    size_t n = strlen(text);
    *automatic = n > 5 && strcmp(text + n - 5, ":auto") == 0;
    if (*automatic)
        n -= 5;
    size_t colon = n;
    while (colon != 0 && text[colon - 1] != ':')
        colon--;
    if (colon < 2 || colon - 1 >= sizeof guard.path || text[0] != '/')
        return false;
    char *end;
    long pid = strtol(text + colon, &end, 10);
    if (end != text + n || pid <= 0 || pid > INT32_MAX)
        return false;
    memcpy(guard.path, text, colon - 1);
    guard.path[colon - 1] = '\0';
    guard.pid = (pid_t)pid;
    (void)snprintf(guard.env, sizeof guard.env, "HUBGUARD_SOCKET=%s:%ld%s", guard.path, pid,
                   *automatic ? ":auto" : "");
    return true;
}

void hg_guard_init(const char *socket_variable)
{
    guard.automatic = true;
    if (socket_variable == NULL || *socket_variable == '\0')
        return;
    bool automatic;
    if (!parse_where(socket_variable, &automatic)) {
        (void)snprintf(guard.failure, sizeof guard.failure, "HUBGUARD_SOCKET is malformed");
        atomic_store(&guard.start, GUARD_FAILED);
        return;
    }
    guard.automatic = automatic;
    atomic_store(&guard.start, GUARD_READY);
}

const char *hg_guard_env(void)
{
    return atomic_load(&guard.start) == GUARD_READY ? guard.env : NULL;
}

static void start_guard(void)
{
    char where[1024];
    if (hg_spawn_guard(where, sizeof where) == 0) {
        bool automatic;
        size_t n = strlen(where);
        if (n + 6 <= sizeof where)
            memcpy(where + n, ":auto", 6);
        if (parse_where(where, &automatic)) {
            atomic_store(&guard.start, GUARD_READY);
            return;
        }
        (void)snprintf(where, sizeof where, "the guard gave no usable address");
    }
    (void)snprintf(guard.failure, sizeof guard.failure, "%s", where);
    atomic_store(&guard.start, GUARD_FAILED);
}

/* Make sure that an address is known. False: it is not, guard.failure says why. */
static bool guard_known(void)
{
    for (int waited = 0; waited < ANSWER_MS; waited += 2) {
        int now = atomic_load(&guard.start);
        if (now == GUARD_READY || now == GUARD_FAILED)
            return now == GUARD_READY;
        int self = (int)getpid();
        if (now == GUARD_NONE && hg_cage_probe())
            return true; /* born into a cage; by the channel */
        if (now == GUARD_NONE && atomic_compare_exchange_strong(&guard.start, &now, GUARD_STARTING)) {
            atomic_store(&guard.starter, self);
            start_guard();
            continue;
        }
        int starter = atomic_load(&guard.starter);
        if (now == GUARD_STARTING && starter != 0 && starter != self &&
            atomic_compare_exchange_strong(&guard.starter, &starter, self)) {
            start_guard();
            continue;
        }
        struct timespec pause = {0, 2000000};
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

/* Whether a guard is at the other end. */
static bool is_guard(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (guard.pid == 0 || peer.pid == guard.pid) && (peer.uid == geteuid() || peer.uid == 0);
}

int hg_channel(void)
{
    long fd;
    for (int tries = 0; (fd = syscall(SYS_connect, -1, NULL, HG_CHANNEL_MAGIC)) < 0; tries++) {
        if ((errno != EAGAIN && errno != EINTR) || tries >= ANSWER_MS)
            return -errno;
        struct timespec pause = {0, 1000000};
        (void)nanosleep(&pause, NULL);
    }
    if (!is_guard((int)fd)) {
        hg_sys_close((int)fd);
        return -EPERM;
    }
    hg_cage_noticed();
    return (int)fd;
}

static int connect_guard(void)
{
    if (hg_caged())
        return hg_channel();
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    memcpy(to.sun_path, guard.path, strlen(guard.path) + 1);
    int code = 0;
    /* A full backlog gives EAGAIN at once on a Unix socket: many processes at the same moment. */
    for (int tries = 0;; tries++) {
        if (syscall(SYS_connect, fd, &to, sizeof to) == 0)
            break;
        if ((errno != EAGAIN && errno != EINTR) || tries >= ANSWER_MS) {
            code = -errno;
            break;
        }
        struct timespec pause = {0, 1000000};
        (void)nanosleep(&pause, NULL);
    }
    if (code == 0 && !is_guard(fd))
        code = -EPERM; /* somebody else listens there */
    if (code != 0) {
        hg_sys_close(fd);
        /* Born into a cage whose sign in the environment was lost? */
        return code == -EACCES || code == -EPERM || code == -ENOSYS ? hg_channel() : code;
    }
    return fd;
}

/* Connected descriptor or -errno. A new process of a bare preload may find that the guard of its parents has
 * ended with them: it starts its own. A process that has talked to its guard never replaces it. */
static int reach_guard(void)
{
    int fd = connect_guard();
    if (fd >= 0 || !guard.automatic || atomic_load(&guard.talked) != 0)
        return fd;
    int ready = GUARD_READY;
    if (atomic_compare_exchange_strong(&guard.start, &ready, GUARD_STARTING)) {
        atomic_store(&guard.starter, (int)getpid());
        start_guard();
    }
    return guard_known() ? connect_guard() : fd;
}

static uint16_t put(char *packet, size_t *at, const char *text)
{
    size_t n = text == NULL ? 0 : strlen(text);
    if (n > PATH_MAX)
        n = PATH_MAX;
    memcpy(packet + *at, text == NULL ? "" : text, n);
    *at += n;
    return (uint16_t)n;
}

static int send_request(int sock, struct hg_ask *ask)
{
    char packet[sizeof ask->request + 4 * PATH_MAX];
    size_t at = sizeof ask->request;
    struct hg_request *q = &ask->request;
    q->magic = HG_WIRE_MAGIC;
    q->version = HG_WIRE_VERSION;
    q->pid = (int32_t)getpid();
    q->tid = (int32_t)syscall(SYS_gettid);
    q->path_len = put(packet, &at, ask->path);
    q->resolved_len = put(packet, &at, ask->resolved);
    q->root_len = put(packet, &at, ask->root);
    q->frame_len = put(packet, &at, ask->frame);
    memcpy(packet, q, sizeof *q);

    struct iovec iov = {packet, at};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (ask->fd >= 0) {
        msg.msg_control = control.room;
        msg.msg_controllen = sizeof control.room;
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &ask->fd, sizeof(int));
    }
    ssize_t n;
    do {
        n = sendmsg(sock, &msg, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)at ? 0 : -EIO;
}

static long now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000L + t.tv_nsec / 1000000L;
}

static void take_descriptors(struct msghdr *msg, struct hg_ask *ask)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (ask->fds_got < ask->fds_room)
                ask->fds[ask->fds_got++] = fd;
            else
                hg_sys_close(fd);
        }
    }
}

/* Wait for the reply to be there. 0 or -errno. */
static int await_reply(int sock)
{
    long deadline = now_ms() + (atomic_load(&guard.suspect) != 0 ? SUSPECT_MS : ANSWER_MS);
    for (;;) {
        long left = deadline - now_ms();
        if (left <= 0) {
            atomic_store(&guard.suspect, 1);
            return -ETIMEDOUT;
        }
        struct pollfd p = {.fd = sock, .events = POLLIN};
        int r = poll(&p, 1, (int)left);
        if (r < 0 && errno != EINTR)
            return -errno;
        if (r > 0)
            return 0;
    }
}

/* 0 with a whole, well-formed reply (its text in hg_thread.message), or -errno. A patient wait blocks in
 * recvmsg(2), which goes on after a handler with SA_RESTART, as the call does for which it stands. */
static int receive_reply(int sock, struct hg_ask *ask, struct hg_reply *reply)
{
    char packet[sizeof *reply + HG_WIRE_TEXT_MAX];
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(HG_CAGE_FDS * sizeof(int))];
    } control;
    if (ask->patient && fcntl(sock, F_SETFL, 0) != 0)
        return -errno;
    for (;;) {
        int code = ask->patient ? 0 : await_reply(sock);
        if (code != 0)
            return code;
        struct iovec iov = {packet, sizeof packet};
        struct msghdr msg = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof control.room};
        ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | (ask->patient ? 0 : MSG_DONTWAIT));
        if (n < 0 && !ask->patient && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -ECONNRESET;
        take_descriptors(&msg, ask);
        return hg_reply_parse(packet, (size_t)n, reply, hg_thread.message);
    }
}

static void explain(const struct hg_ask *ask, int code)
{
    const char *what = guard.failure;
    if (code == -ETIMEDOUT)
        what = "the guard did not answer in time; remote code stays blocked";
    else if (code == -EPROTO)
        what = "the guard is of another version than the shim; remote code stays blocked";
    else if (code != -ENODEV)
        what = "the guard is gone; remote code is blocked from now on";
    bool file = ask->path != NULL && ask->request.kind <= HG_REQ_LISTENER;
    (void)snprintf(hg_thread.message, sizeof hg_thread.message, "hubguard: blocked %s\n  %s%s\n",
                   file ? ask->path : "remote code", code == -ENODEV ? "the guard cannot start: " : "", what);
}

/* A connection, or -errno; -ENODEV: no guard can be started, guard.failure says why. */
static int open_connection(void)
{
    if (hg_state.broken) {
        (void)snprintf(guard.failure, sizeof guard.failure,
                       "the shim could not set itself up in this process");
        return -ENODEV;
    }
    if (!guard_known())
        return -ENODEV;
    int sock = reach_guard();
    return sock < 0 && atomic_load(&guard.start) == GUARD_FAILED ? -ENODEV : sock;
}

int hg_guard_connect(void)
{
    int saved = errno;
    int sock = open_connection();
    errno = saved;
    return sock;
}

static int take_reply(const struct hg_ask *ask, const struct hg_reply *got)
{
    atomic_store(&guard.talked, 1);
    atomic_store(&guard.suspect, 0);
    if (ask->request.kind < HG_REQ_CAGE) {
        guard.max_size = got->max_size;
        guard.bytecode = got->bytecode;
        atomic_store(&guard.limits_known, 1);
    }
    if ((got->flags & HG_REPLY_BANNER) != 0)
        hg_say(hg_thread.message);
    return got->verdict == HG_VERDICT_ALLOW ? 0 : -EACCES;
}

/* `sock` is a connection, or the -errno for which there is none. */
static int ask_over(int sock, struct hg_ask *ask, struct hg_reply *reply)
{
    static atomic_int said;
    struct hg_reply got;
    memset(&got, 0, sizeof got);
    int code = sock < 0 ? sock : send_request(sock, ask);
    if (code == 0)
        code = receive_reply(sock, ask, &got);
    if (reply != NULL)
        *reply = got;
    if (code == 0)
        return take_reply(ask, &got);
    if (code == -EINTR)
        return code;
    explain(ask, code);
    if (atomic_exchange(&said, 1) == 0)
        hg_say(hg_thread.message);
    return -EACCES;
}

int hg_ask_over(int sock, struct hg_ask *ask, struct hg_reply *reply)
{
    int saved = errno;
    int code = ask_over(sock, ask, reply);
    errno = saved;
    return code;
}

int hg_ask_guard(struct hg_ask *ask, struct hg_reply *reply)
{
    int saved = errno;
    int sock = open_connection();
    int code = ask_over(sock, ask, reply);
    if (sock >= 0)
        hg_sys_close(sock);
    errno = saved;
    return code;
}

int hg_ask_act(struct hg_ask *ask, struct hg_reply *reply)
{
    if (hg_thread.act_file[0] != '\0') {
        ask->frame = hg_thread.act_file;
        ask->request.line = hg_thread.act_line;
    }
    int code = hg_ask_guard(ask, reply);
    hg_thread.act_file[0] = '\0';
    return code;
}

pid_t hg_guard_pid(void)
{
    return guard.pid;
}

int hg_guard_limits(uint64_t *max_size, uint32_t *bytecode)
{
    if (atomic_load(&guard.limits_known) == 0) {
        struct hg_ask ask = {.request = {.kind = HG_REQ_HELLO, .flags = HG_REQ_NO_BYTES}, .fd = -1};
        if (hg_ask_guard(&ask, NULL) != 0)
            return -EACCES;
    }
    *max_size = guard.max_size;
    *bytecode = guard.bytecode;
    return 0;
}

void hg_guard_after_fork(void)
{
    struct hg_ask ask = {.request = {.kind = HG_REQ_HELLO, .flags = HG_REQ_NO_BYTES}, .fd = -1};
    if (guard.automatic && atomic_load(&guard.talked) != 0 && atomic_load(&guard.suspect) == 0)
        (void)hg_ask_guard(&ask, NULL);
}
