/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp listeners: calls that the filter does not decide by itself (seccomp_unotify(2)). Nothing that
 * is read of a caller's memory here decides anything that the kernel would not decide again: see on_execve().
 */
#ifdef __x86_64__
#include <asm/prctl.h>
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "guard/caged.h"
#include "guard/process.h"
#include "guard/server.h"
#include "guard/sockaddr.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS /* Linux 6.6 */
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS      SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

/* A call that waits for its answer. */
struct call {
    struct hg_caged *caged;
    uint64_t id;
    pid_t tid, group;
    int number;
    const __u64 *args;
};

/* --- answers
 * ------------------------------------------------------------------------------------------------------------
 */

static bool is_valid(const struct call *c)
{
    uint64_t id = c->id;
    return ioctl(c->caged->listener.fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static void send_answer(const struct call *c, int error, uint32_t flags)
{
    struct hg_cage *cage = c->caged->cage;
    struct seccomp_notif_resp *r = cage->response;
    memset(r, 0, cage->response_size);
    r->id = c->id;
    r->error = -error;
    r->flags = flags;
    (void)ioctl(c->caged->listener.fd, SECCOMP_IOCTL_NOTIF_SEND, r); /* ENOENT: the caller is gone */
}

static void let_go_on(const struct call *c)
{
    send_answer(c, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

/* Record it, then refuse with `error`, or let it go on where the mode says so. */
static void refuse(const struct call *c, enum hg_act_kind kind, const char *object, int error)
{
    struct hg_cage *cage = c->caged->cage;
    bool observe = hg_cage_observes(cage);
    char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, c->number);
    const struct hg_act act = {.kind = kind,
                               .pid = c->group,
                               .tid = c->tid,
                               .object = kind == HG_ACT_CALL && name != NULL ? name : object,
                               .call = name};
    hg_acts_record(&cage->acts, &act, observe ? HG_ACT_WOULD_REFUSE : HG_ACT_REFUSE);
    free(name);
    if (observe)
        let_go_on(c);
    else
        send_answer(c, error, 0);
}

/* --- connect
 * ------------------------------------------------------------------------------------------------------------
 */

static bool asks_for_channel(const struct call *c)
{
    return c->number == SYS_connect && (int32_t)(uint32_t)c->args[0] == -1 &&
           (uint32_t)c->args[2] == HG_CHANNEL_MAGIC;
}

static void open_channel(const struct call *c)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
        send_answer(c, errno == EMFILE || errno == ENFILE ? EAGAIN : errno, 0);
        return;
    }
    int rc = hg_server_adopt(c->caged->cage->server, ends[0], c->group, c->caged->id);
    if (rc != 0) {
        close(ends[0]);
        send_answer(c, -rc, 0);
    } else {
        struct seccomp_notif_addfd add = {.id = c->id,
                                          .flags = SECCOMP_ADDFD_FLAG_SEND,
                                          .srcfd = (uint32_t)ends[1],
                                          .newfd_flags = O_CLOEXEC};
        if (ioctl(c->caged->listener.fd, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0 && errno != ENOENT)
            send_answer(c, errno, 0); /* no descriptor left over there, mostly */
    }
    close(ends[1]); /* of a channel that nobody got the server sees the end */
}

/* The C library asks the name service cache for users and groups by itself, on most machines in vain: a
 * refusal as any other, but nothing to tell of. */
static bool is_name_cache(const struct hg_sockaddr *address)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)&address->at;
    return address->at.ss_family == AF_UNIX && strcmp(un->sun_path, "/var/run/nscd/socket") == 0;
}

/* Where it wanted to go, for the event alone: "" when it cannot be read. */
static void on_connect(const struct call *c)
{
    unsigned char bytes[sizeof(struct sockaddr_storage)];
    struct hg_sockaddr address;
    char text[HG_SOCKADDR_TEXT] = "";
    size_t size = (uint32_t)c->args[2];
    if (size <= sizeof bytes && hg_process_memory(c->tid, c->args[1], bytes, size) == 0 &&
        hg_sockaddr_take(bytes, size, &address) == 0) {
        if (is_name_cache(&address)) {
            if (hg_cage_observes(c->caged->cage))
                let_go_on(c);
            else
                send_answer(c, EACCES, 0);
            return;
        }
        (void)hg_sockaddr_text(&address, text);
    }
    refuse(c, HG_ACT_CONNECT, text, EACCES);
}

/* --- exec
 * ------------------------------------------------------------------------------------------------------------
 */

/* What is read here may be another string when the kernel reads it (seccomp_unotify(2)): the refusal is for
 * the sake of the event. The boundary is Landlock's EXECUTE right and, for a program that an ELF interpreter
 * maps instead of the kernel, on_start(). */
static void on_execve(const struct call *c)
{
    char path[PATH_MAX], resolved[PATH_MAX];
    struct stat st;
    int n = hg_process_string(c->tid, c->args[0], path, sizeof path);
    if (n <= 0 || !is_valid(c) || !hg_process_path(c->tid, path, resolved, sizeof resolved) ||
        hg_places_may_exec(&c->caged->places, resolved) || lstat(resolved, &st) != 0)
        let_go_on(c);
    else
        refuse(c, HG_ACT_EXEC, resolved, EACCES);
}

/* Is the program that this process runs one of the allowed ones, by path or as the same file? */
static bool runs_allowed(const struct call *c, char *exe, size_t size)
{
    const struct hg_place_list *exec = &c->caged->places.exec;
    char link[64];
    struct stat running, st;
    if (hg_process_link(c->group, "exe", exe, size) < 0) {
        (void)snprintf(exe, size, "a program that cannot be told");
        return false;
    }
    if (hg_places_may_exec(&c->caged->places, exe))
        return true;
    (void)snprintf(link, sizeof link, "/proc/%ld/exe", (long)c->group);
    if (stat(link, &running) != 0)
        return false;
    for (size_t i = 0; i < exec->count; i++)
        if (!exec->items[i].is_directory && stat(exec->items[i].path, &st) == 0 &&
            st.st_dev == running.st_dev && st.st_ino == running.st_ino)
            return true;
    return false;
}

static void end_process(const struct call *c)
{
    int pidfd = (int)syscall(SYS_pidfd_open, c->group, 0u);
    if (pidfd >= 0 && is_valid(c)) /* while its call waits, the id is its own */
        (void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0u);
    if (pidfd >= 0)
        close(pidfd);
    send_answer(c, EPERM, 0);
}

/* set_tid_address(2): the C library's start-up of every program calls it once, before any code of the
 * program. `ld.so /bin/sh` is an exec of ld.so to the kernel, which must be allowed: here it shows. Running
 * code that makes the call by itself changes nothing by it. */
static void on_start(const struct call *c)
{
    struct hg_cage *cage = c->caged->cage;
    char exe[PATH_MAX];
    bool allowed = runs_allowed(c, exe, sizeof exe);
    if (!is_valid(c))
        return;
    const struct hg_act act = {
        .kind = HG_ACT_EXEC, .pid = c->group, .tid = c->tid, .object = exe, .call = "execve"};
    hg_acts_record(&cage->acts, &act,
                   allowed                  ? HG_ACT_ALLOW
                   : hg_cage_observes(cage) ? HG_ACT_WOULD_REFUSE
                                            : HG_ACT_REFUSE);
    if (allowed || hg_cage_observes(cage))
        let_go_on(c);
    else
        end_process(c);
}

/* The base of FS is set once in a program's life, by its start-up, whatever the C library and its age. glibc
 * before 2.34 makes set_tid_address(2) only in programs with threads. */
#ifdef __x86_64__
static void on_arch(const struct call *c)
{
    if ((uint32_t)c->args[0] == ARCH_SET_FS)
        on_start(c);
    else
        let_go_on(c);
}
#endif

/* --- the listener
 * -------------------------------------------------------------------------------------------------------- */

static const struct {
    int number;
    void (*handle)(const struct call *call);
} handlers[] = {
    {SYS_connect, on_connect},
    {SYS_execve, on_execve},
    {SYS_set_tid_address, on_start},
#ifdef __x86_64__
    {SYS_arch_prctl, on_arch},
#endif
};

static void handle(const struct call *c)
{
    if (asks_for_channel(c)) {
        open_channel(c);
        return;
    }
    for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++) {
        if (handlers[i].number == c->number) {
            handlers[i].handle(c);
            return;
        }
    }
    refuse(c, HG_ACT_CALL, "", EPERM);
}

/* Most calls come from the leader of a thread group, and pidfd_open(2) takes no other thread: a look into
 * /proc costs ten times as much. */
static pid_t group_of(pid_t tid)
{
    struct hg_process process;
    int pidfd = (int)syscall(SYS_pidfd_open, tid, 0u);
    if (pidfd >= 0) {
        close(pidfd);
        return tid;
    }
    return hg_process_read(tid, &process) == 0 ? process.group : tid;
}

static void ready(struct hg_watch *watch, uint32_t events)
{
    struct hg_caged *caged = watch->owner;
    struct hg_cage *cage = caged->cage;
    struct seccomp_notif *n = cage->notification;
    if ((events & EPOLLIN) == 0) { /* hung up: the last task under the filter is gone */
        hg_caged_end(caged);
        return;
    }
    memset(n, 0, cage->notification_size);
    /* Somebody who kept a copy of the listener could have taken the notification, and the call would wait. */
    hg_patience_begin(&cage->patience, HG_PATIENCE_MS);
    int rc = ioctl(watch->fd, SECCOMP_IOCTL_NOTIF_RECV, n);
    hg_patience_end(&cage->patience);
    if (rc != 0)
        return; /* ENOENT: the caller is gone meanwhile */
    struct call call = {
        .caged = caged, .id = n->id, .tid = (pid_t)n->pid, .number = n->data.nr, .args = n->data.args};
    call.group = group_of(call.tid);
    if (is_valid(&call)) /* so what the kernel said was said of the caller */
        handle(&call);
}

bool hg_notify_is_listener(int fd)
{
    static const char name[] = "anon_inode:seccomp notify";
    char path[48], link[64];
    uint64_t none = 0;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(path, link, sizeof link);
    return n == (ssize_t)sizeof name - 1 && memcmp(link, name, sizeof name - 1) == 0 &&
           ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &none) != 0 && errno == ENOENT;
}

int hg_notify_start(struct hg_caged *caged, int listener)
{
    caged->listener = (struct hg_watch){listener, ready, caged};
    int rc = hg_loop_add(caged->cage->options.loop, &caged->listener, EPOLLIN);
    if (rc != 0)
        caged->listener.fd = -1;
    /* The caller sleeps until it is answered: the guard may run where it ran. Older kernels say EINVAL. */
    (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    return rc;
}

int hg_notify_open(struct hg_cage *cage)
{
    struct seccomp_notif_sizes sizes = {0};
    if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0u, &sizes) != 0)
        memset(&sizes, 0, sizeof sizes); /* then no cage closes, and none is missed */
    cage->notification_size = sizes.seccomp_notif > sizeof(struct seccomp_notif)
                                  ? sizes.seccomp_notif
                                  : sizeof(struct seccomp_notif);
    cage->response_size = sizes.seccomp_notif_resp > sizeof(struct seccomp_notif_resp)
                              ? sizes.seccomp_notif_resp
                              : sizeof(struct seccomp_notif_resp);
    cage->notification = calloc(1, cage->notification_size);
    cage->response = calloc(1, cage->response_size);
    return cage->notification == NULL || cage->response == NULL ? -ENOMEM : 0;
}

void hg_notify_close(struct hg_cage *cage)
{
    free(cage->notification);
    free(cage->response);
}
