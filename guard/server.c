/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define SPARE_FDS 320 /* for everything that is not a connection: workers, cache, report, clients.c */

struct connection {
    struct hg_server *server;
    struct hg_watch watch;
    struct hg_timer deadline;
    pid_t pid;
    uint64_t cage; /* 0: came through the guard's socket */
    uint64_t began_us;
    bool asked; /* the request has come: the gate holds it */
    struct connection *older, *newer;
};

struct hg_server {
    struct hg_server_options options;
    struct hg_watch listener;
    int reserve; /* a descriptor to give up when there are none left */
    unsigned count, most;
    bool paused;
    struct connection *oldest, *newest;
    char packet[HG_WIRE_PACKET_MAX + 1];
};

static void pause_listening(struct hg_server *s, bool pause)
{
    if (s->paused == pause)
        return;
    s->paused = pause;
    (void)hg_loop_change(s->options.loop, &s->listener, pause ? 0 : EPOLLIN);
}

static void drop(struct connection *c)
{
    struct hg_server *s = c->server;
    hg_loop_disarm(s->options.loop, &c->deadline);
    if (!c->asked)
        hg_loop_remove(s->options.loop, &c->watch);
    close(c->watch.fd);
    *(c->older != NULL ? &c->older->newer : &s->oldest) = c->newer;
    *(c->newer != NULL ? &c->newer->older : &s->newest) = c->older;
    s->count--;
    free(c);
    pause_listening(s, false);
}

static void too_slow(struct hg_timer *timer)
{
    drop(timer->owner);
}

/* One packet, never waiting: a fresh connection has room for it; a peer that filled its own buffer gets
 * nothing. */
static void send_reply(struct connection *c, const struct hg_reply *reply, const char *text, const int *fds,
                       size_t count)
{
    struct iovec parts[2] = {{(void *)(uintptr_t)reply, sizeof *reply},
                             {(void *)(uintptr_t)text, reply->text_len}};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(HG_CAGE_FDS * sizeof(int))];
    } control = {0};
    struct msghdr msg = {.msg_iov = parts, .msg_iovlen = 2};
    if (count != 0 && count <= HG_CAGE_FDS) {
        msg.msg_control = control.room;
        msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *rights = CMSG_FIRSTHDR(&msg);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
    }
    ssize_t n;
    do {
        n = sendmsg(c->watch.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    drop(c);
}

static void answer(void *owner, const struct hg_reply *reply, const char *text, const int *fds, size_t count)
{
    send_reply(owner, reply, text, fds, count);
}

static void refuse(struct connection *c, int code)
{
    struct hg_reply reply;
    const char *text;
    hg_gate_malformed(c->server->options.gate, c->pid, code, &reply, &text);
    send_reply(c, &reply, text, NULL, 0);
}

/* The descriptors of a packet: the one there may be in *fd; 0, or -EBADMSG after closing all of them. */
static int take_descriptors(struct msghdr *msg, int *fd)
{
    size_t count = 0;
    *fd = -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int got;
            memcpy(&got, CMSG_DATA(c) + i * sizeof got, sizeof got);
            if (count++ == 0)
                *fd = got;
            else
                close(got);
        }
    }
    if (count <= 1 && (msg->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0)
        return 0;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    return -EBADMSG;
}

static void submit(struct connection *c, struct hg_question *question, int fd)
{
    struct hg_inquiry *q = calloc(1, sizeof *q);
    if (q == NULL) {
        hg_question_clear(question);
        if (fd >= 0)
            close(fd);
        drop(c); /* no reply is a block */
        return;
    }
    q->question = *question;
    q->fd = fd;
    q->pid = c->pid;
    q->cage = c->cage;
    q->began_us = c->began_us;
    q->answer = answer;
    q->owner = c;
    /* From here on only the answer ends the connection: a peer that hangs up is found out when it is sent. */
    c->asked = true;
    hg_loop_disarm(c->server->options.loop, &c->deadline);
    hg_loop_remove(c->server->options.loop, &c->watch);
    if (hg_question_for_cage(q->question.head.kind))
        hg_cage_ask(c->server->options.cage, q);
    else
        hg_gate_ask(c->server->options.gate, q);
}

static void readable(struct hg_watch *watch, uint32_t events)
{
    (void)events;
    struct connection *c = watch->owner;
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(4 * sizeof(int))];
    } control;
    struct iovec iov = {c->server->packet, sizeof c->server->packet};
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    ssize_t n = recvmsg(watch->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        drop(c);
        return;
    }
    int fd;
    struct hg_question question;
    int rc = take_descriptors(&msg, &fd);
    if (rc == 0 && n == 0 && fd < 0) { /* hung up */
        drop(c);
        return;
    }
    if (rc == 0)
        rc = hg_question_parse(c->server->packet, (size_t)n, &question);
    if (rc == 0 && (fd >= 0) != ((question.head.flags & HG_REQ_NO_BYTES) == 0)) {
        hg_question_clear(&question);
        rc = -EBADMSG;
    }
    if (rc == 0 && hg_question_for_cage(question.head.kind) && c->server->options.cage == NULL) {
        hg_question_clear(&question);
        rc = -EBADMSG;
    }
    if (rc == 0) {
        submit(c, &question, fd);
        return;
    }
    if (fd >= 0)
        close(fd);
    refuse(c, rc);
}

/* Room for one more: by ending the oldest connection that has not said anything, or not at all. */
static bool make_room(struct hg_server *s)
{
    if (s->count < s->most)
        return true;
    for (struct connection *c = s->oldest; c != NULL; c = c->newer) {
        if (!c->asked) {
            drop(c);
            return true;
        }
    }
    return false;
}

static bool peer_may_ask(int fd, struct ucred *peer)
{
    socklen_t size = sizeof *peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &size) == 0 &&
           (peer->uid == geteuid() || peer->uid == 0);
}

/* 0 and the descriptor is the connection's; or -errno and it stays the caller's. */
static int add_connection(struct hg_server *s, int fd, pid_t pid, uint64_t cage)
{
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL)
        return -ENOMEM;
    *c = (struct connection){.server = s,
                             .watch = {fd, readable, c},
                             .deadline = {.fire = too_slow, .owner = c},
                             .pid = pid,
                             .cage = cage,
                             .began_us = hg_now_us(),
                             .older = s->newest};
    int rc = hg_loop_add(s->options.loop, &c->watch, EPOLLIN);
    if (rc != 0) {
        free(c);
        return rc;
    }
    *(s->newest != NULL ? &s->newest->newer : &s->oldest) = c;
    s->newest = c;
    s->count++;
    hg_loop_arm(s->options.loop, &c->deadline, hg_now_ms() + HG_SERVER_REQUEST_MS);
    return 0;
}

/* Channels are free for the asking: those of one cage push out each other, and nobody else's. */
static void thin_out(struct hg_server *s, uint64_t cage)
{
    struct connection *oldest = NULL;
    unsigned silent = 0;
    for (struct connection *c = s->newest; c != NULL; c = c->older) {
        if (c->cage == cage && !c->asked) {
            silent++;
            oldest = c;
        }
    }
    if (silent >= HG_SERVER_CHANNELS)
        drop(oldest);
}

int hg_server_adopt(struct hg_server *s, int fd, pid_t pid, uint64_t cage)
{
    thin_out(s, cage);
    return make_room(s) ? add_connection(s, fd, pid, cage) : -EAGAIN;
}

static void welcome(struct hg_server *s, int fd)
{
    struct ucred peer;
    if (!peer_may_ask(fd, &peer) || add_connection(s, fd, peer.pid, 0) != 0)
        close(fd);
    else if (s->options.met != NULL && peer.pid > 0)
        s->options.met(s->options.owner, peer.pid);
}

/* No descriptor left: the peer is told so by a closed connection, instead of a listener that spins. */
static void turn_away(struct hg_server *s)
{
    if (s->reserve >= 0)
        close(s->reserve);
    int fd = accept4(s->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        close(fd);
    s->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void acceptable(struct hg_watch *watch, uint32_t events)
{
    (void)events;
    struct hg_server *s = watch->owner;
    if (!make_room(s)) {
        pause_listening(s, true);
        return;
    }
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        welcome(s, fd);
    else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
        turn_away(s);
}

/* Two descriptors a connection: its socket and its bytes. */
static unsigned connection_limit(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return 16;
    rlim_t want = 2 * HG_SERVER_CONNECTIONS + SPARE_FDS;
    if (r.rlim_cur < want) {
        r.rlim_cur = r.rlim_max < want ? r.rlim_max : want;
        (void)setrlimit(RLIMIT_NOFILE, &r);
        (void)getrlimit(RLIMIT_NOFILE, &r);
    }
    if (r.rlim_cur >= want)
        return HG_SERVER_CONNECTIONS;
    return r.rlim_cur > SPARE_FDS + 4 ? (unsigned)(r.rlim_cur - SPARE_FDS) / 2 : 2;
}

int hg_server_open(const struct hg_server_options *options, struct hg_server **out)
{
    struct hg_server *s = calloc(1, sizeof *s);
    if (s == NULL)
        return -ENOMEM;
    s->options = *options;
    s->most = connection_limit();
    s->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    s->listener = (struct hg_watch){options->listen_fd, acceptable, s};
    int rc = hg_loop_add(options->loop, &s->listener, EPOLLIN);
    if (rc != 0) {
        if (s->reserve >= 0)
            close(s->reserve);
        free(s);
        return rc;
    }
    *out = s;
    return 0;
}

void hg_server_close(struct hg_server *s)
{
    if (s == NULL)
        return;
    for (struct connection *c = s->oldest, *newer; c != NULL; c = newer) {
        newer = c->newer;
        drop(c);
    }
    hg_loop_remove(s->options.loop, &s->listener);
    if (s->reserve >= 0)
        close(s->reserve);
    free(s);
}
