/* SPDX-License-Identifier: Apache-2.0 */
/* HG_REQ_CONNECT: the guard connects the process's socket to its own copy of the address. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard/caged.h"
#include "guard/sockaddr.h"
#include "guard/unix_peer.h"

#define SLOW_MS 10000 /* a cage whose local connects wait has all of them in threads for so long */

/* A connect(2) that may wait, on its way. */
struct attempt {
    struct hg_task task;
    struct hg_inquiry *inquiry; /* the loop's */
    struct hg_pinned pinned;    /* AF_UNIX: what `to` means */
    struct hg_sockaddr to;
    int fd; /* the shared socket */
    int error;
};

static int option(int fd, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

static bool anything_goes(const struct hg_policy *policy)
{
    return policy->net_allow.count == 1 && strcmp(policy->net_allow.items[0], "any") == 0;
}

/* A socket that the filter lets nobody make may be there from before. AF_UNSPEC dissolves a connection. */
static bool is_fit(const struct hg_policy *policy, int fd, int family)
{
    int type = option(fd, SO_TYPE), protocol = option(fd, SO_PROTOCOL), domain = option(fd, SO_DOMAIN);
    if (family == AF_UNSPEC)
        return domain == AF_INET || domain == AF_INET6 || domain == AF_UNIX;
    if (family == AF_UNIX)
        return type == SOCK_STREAM || type == SOCK_SEQPACKET;
    return (type == SOCK_STREAM && protocol == IPPROTO_TCP) ||
           (type == SOCK_DGRAM && protocol == IPPROTO_UDP && anything_goes(policy));
}

static int connect_to(int fd, const struct hg_sockaddr *to)
{
    return connect(fd, (const struct sockaddr *)&to->at, to->size) == 0 ? 0 : errno;
}

/* --- in a thread
 * ---------------------------------------------------------------------------------------------------------
 */

static void run(struct hg_task *task)
{
    struct attempt *a = (struct attempt *)task;
    a->error = connect_to(a->fd, &a->to);
}

static void release(struct hg_task *task)
{
    struct attempt *a = (struct attempt *)task;
    hg_unpin(&a->pinned);
    close(a->fd);
    free(a);
}

static void done(struct hg_task *task)
{
    struct attempt *a = (struct attempt *)task;
    hg_cage_answer(a->inquiry, HG_VERDICT_ALLOW, a->error, "");
    release(task);
}

static void abandon(struct hg_task *task)
{
    hg_cage_answer(((struct attempt *)task)->inquiry, HG_VERDICT_BLOCK, EACCES, "hubguard: the guard ends");
}

/* The thread has a descriptor of its own: a process that was interrupted closes its connection, and the
 * thread ends when the connect does. */
static void connect_later(struct hg_cage *cage, struct hg_inquiry *q, struct hg_pinned *pinned,
                          const struct hg_sockaddr *to)
{
    struct attempt *a = calloc(1, sizeof *a);
    if (a != NULL) {
        *a = (struct attempt){.task = {run, done, abandon, release, NULL, NULL, NULL},
                              .inquiry = q,
                              .pinned = *pinned,
                              .to = *to,
                              .fd = q->fd};
        if (hg_work_submit(cage->work, &a->task) == 0) {
            q->fd = -1;
            return;
        }
        free(a);
    }
    hg_unpin(pinned);
    hg_cage_answer(q, HG_VERDICT_ALLOW, EAGAIN, "");
}

/* --- the request
 * -------------------------------------------------------------------------------------------------------- */

/* A connect within the machine succeeds or fails at once, unless a listener does not accept. */
static bool is_quick(const struct hg_sockaddr *to)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&to->at;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&to->at;
    return to->at.ss_family == AF_UNIX || to->at.ss_family == AF_UNSPEC ||
           (to->at.ss_family == AF_INET && ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET) ||
           (to->at.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr));
}

/* Another thread over there may clear O_NONBLOCK meanwhile. An interrupted connect goes on by itself; a
 * second call, in a thread, waits for it (connect(2)). */
static void connect_now(struct hg_caged *caged, struct hg_inquiry *q, struct hg_pinned *pinned,
                        const struct hg_sockaddr *to)
{
    struct hg_cage *cage = caged->cage;
    int flags = fcntl(q->fd, F_GETFL);
    bool blocking = flags < 0 || (flags & O_NONBLOCK) == 0;
    uint64_t now = hg_now_ms();
    if (blocking && (!is_quick(to) || now < caged->slow_until_ms)) {
        connect_later(cage, q, pinned, to);
        return;
    }
    hg_patience_begin(&cage->patience, blocking ? HG_PATIENCE_BRIEF_MS : HG_PATIENCE_MS);
    int error = connect_to(q->fd, to);
    hg_patience_end(&cage->patience);
    if (blocking && error == EINTR) {
        caged->slow_until_ms = now + SLOW_MS;
        connect_later(cage, q, pinned, to);
        return;
    }
    hg_unpin(pinned);
    hg_cage_answer(q, HG_VERDICT_ALLOW, error == EINTR ? EINPROGRESS : error, "");
}

void hg_broker_connect(struct hg_caged *caged, struct hg_inquiry *q)
{
    struct hg_cage *cage = caged->cage;
    struct hg_sockaddr to;
    struct hg_pinned pinned = HG_PINNED_NONE;
    char text[HG_SOCKADDR_TEXT];
    int error = -hg_sockaddr_parse(q->question.path, &to), domain = option(q->fd, SO_DOMAIN);
    int family = to.at.ss_family;
    if (error == 0 && domain < 0)
        error = ENOTSOCK;
    if (error == 0 && family != AF_UNSPEC && domain != family)
        error = EAFNOSUPPORT;
    if (error != 0) {
        hg_cage_answer(q, HG_VERDICT_ALLOW, error, "");
        return;
    }
    const struct hg_act act = hg_cage_act(q, HG_ACT_CONNECT, hg_sockaddr_text(&to, text));
    bool allowed = is_fit(cage->options.policy, q->fd, family);
    if (allowed && family == AF_UNIX) {
        error = hg_unix_peer_pin(caged, q->pid, &to, &pinned);
        allowed = error != EACCES;
        if (allowed && error != 0) { /* nobody is there */
            hg_cage_answer(q, HG_VERDICT_ALLOW, error, "");
            return;
        }
    } else if (allowed && family != AF_UNSPEC) {
        allowed = hg_net_may_connect(cage->net, (const struct sockaddr *)&to.at, to.size);
    }
    if (!allowed && hg_cage_refuse(cage, q, &act, EACCES)) {
        hg_unpin(&pinned);
        return;
    }
    if (allowed && (family == AF_INET || family == AF_INET6)) /* a new host is news, a new pipe is not */
        hg_acts_record(&cage->acts, &act, HG_ACT_ALLOW);
    connect_now(caged, q, &pinned, &to);
}
