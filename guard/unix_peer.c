/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/unix_peer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "guard/process.h"

#define PROCESSES_MOST 8192
#define ANSWER_US      200000 /* the kernel answers at once; never wait for it all the same */

/* --- which socket is bound to a file (sock_diag(7))
 * --------------------------------------------------------------------- */

/* The device number that the file system itself has: st_dev of some (btrfs) is another. As the kernel writes
 * it inside, 20 bits of minor. 0: unknown. */
static uint32_t device_of(int fd)
{
    char path[48], line[4096], *end;
    unsigned long mount = 0;
    uint32_t device = 0;
    (void)snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    FILE *in = fopen(path, "re");
    while (in != NULL && mount == 0 && fgets(line, sizeof line, in) != NULL)
        if (strncmp(line, "mnt_id:", 7) == 0)
            mount = strtoul(line + 7, NULL, 10);
    if (in != NULL)
        (void)fclose(in);
    /* "MOUNT PARENT MAJOR:MINOR ..." */
    in = mount == 0 ? NULL : fopen("/proc/self/mountinfo", "re");
    while (in != NULL && device == 0 && fgets(line, sizeof line, in) != NULL) {
        if (strtoul(line, &end, 10) != mount)
            continue;
        (void)strtoul(end, &end, 10);
        uint32_t major = (uint32_t)strtoul(end, &end, 10);
        if (*end == ':')
            device = major << 20 | (uint32_t)strtoul(end + 1, NULL, 10);
    }
    if (in != NULL)
        (void)fclose(in);
    return device;
}

/* The inode of the socket in one answer if it is bound to this file, else 0. */
static uint32_t socket_in(const struct nlmsghdr *h, uint32_t device, uint32_t inode)
{
    const struct unix_diag_msg *m = NLMSG_DATA(h);
    if (h->nlmsg_len < NLMSG_LENGTH(sizeof *m))
        return 0;
    const struct rtattr *a = (const struct rtattr *)(const void *)(m + 1);
    unsigned left = h->nlmsg_len - (unsigned)NLMSG_LENGTH(sizeof *m);
    for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        struct unix_diag_vfs vfs;
        if (a->rta_type != UNIX_DIAG_VFS || RTA_PAYLOAD(a) < sizeof vfs)
            continue;
        memcpy(&vfs, RTA_DATA(a), sizeof vfs);
        if (vfs.udiag_vfs_dev == device && vfs.udiag_vfs_ino == inode)
            return m->udiag_ino;
    }
    return 0;
}

/* Read the answers to the end. */
static uint32_t search(int fd, uint32_t device, uint32_t inode)
{
    static char buffer[32768] __attribute__((aligned(NLMSG_ALIGNTO)));
    uint32_t found = 0;
    for (;;) {
        ssize_t n = recv(fd, buffer, sizeof buffer, 0);
        if (n <= 0)
            return found;
        unsigned left = (unsigned)n;
        for (const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)buffer; NLMSG_OK(h, left);
             h = NLMSG_NEXT(h, left)) {
            if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
                return found;
            if (found == 0)
                found = socket_in(h, device, inode);
        }
    }
}

/* Inode of the listening socket that is bound to this file; 0: none, or it cannot be told. */
static uint32_t listener_at(int file, const struct stat *st)
{
    const struct {
        struct nlmsghdr head;
        struct unix_diag_req body;
    } request = {
        .head = {.nlmsg_len = sizeof request,
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.sdiag_family = AF_UNIX, .udiag_states = 1u << TCP_LISTEN, .udiag_show = UDIAG_SHOW_VFS}};
    const struct timeval patience = {.tv_usec = ANSWER_US};
    uint32_t device = device_of(file);
    int fd = device == 0 ? -1 : socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0)
        return 0;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    uint32_t found = 0;
    if (send(fd, &request, sizeof request, 0) == (ssize_t)sizeof request)
        found = search(fd, device, (uint32_t)st->st_ino);
    close(fd);
    return found;
}

/* --- whether a guarded process holds it
 * ----------------------------------------------------------------------------- */

struct member {
    pid_t pid, parent;
};

struct family {
    struct member items[PROCESSES_MOST]; /* by pid: /proc lists them so */
    size_t count;
};

static void read_processes(struct family *f)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    f->count = 0;
    while (proc != NULL && f->count < PROCESSES_MOST && (entry = readdir(proc)) != NULL) {
        struct hg_process p;
        char *end;
        long pid = strtol(entry->d_name, &end, 10);
        if (pid > 0 && *end == '\0' && hg_process_read((pid_t)pid, &p) == 0) {
            f->items[f->count].pid = (pid_t)pid;
            f->items[f->count++].parent = p.parent;
        }
    }
    if (proc != NULL)
        (void)closedir(proc);
}

static int by_pid(const void *a, const void *b)
{
    pid_t left = ((const struct member *)a)->pid, right = ((const struct member *)b)->pid;
    return (left > right) - (left < right);
}

static struct hg_caged *closed_by(const struct hg_cage *cage, pid_t pid)
{
    struct hg_caged *c = cage->first;
    while (c != NULL && (c->listener.fd < 0 || c->pid != pid))
        c = c->next;
    return c;
}

static pid_t parent_of(const struct family *f, pid_t pid)
{
    const struct member key = {pid, 0}, *m = bsearch(&key, f->items, f->count, sizeof key, by_pid);
    return m == NULL ? 0 : m->parent;
}

/* Is it in a cage: one that closed it, or started by such a one after that? A server that the program started
 * before (multiprocessing's fork server, a manager) is a child as well, and would do outside what it is told
 * from inside: everybody up to the one that closed the cage must be younger than the cage. */
static bool is_inside(const struct hg_cage *cage, const struct family *f, pid_t pid)
{
    const struct hg_caged *closed = NULL;
    pid_t at = pid;
    for (size_t steps = 0; at > 1 && steps < f->count; steps++, at = parent_of(f, at))
        if ((closed = closed_by(cage, at)) != NULL)
            break;
    if (closed == NULL)
        return false;
    uint64_t started;
    if (hg_process_started(closed->pid, &started) != 0 || started > closed->closed_ticks)
        return false; /* somebody else's number by now */
    for (at = pid; at != closed->pid; at = parent_of(f, at))
        if (hg_process_started(at, &started) != 0 || started <= closed->closed_ticks)
            return false;
    return true;
}

static bool holds(pid_t pid, uint32_t socket_inode)
{
    char path[48], want[32], link[32];
    int want_size = snprintf(want, sizeof want, "socket:[%u]", socket_inode);
    (void)snprintf(path, sizeof path, "/proc/%ld/fd", (long)pid);
    DIR *fds = opendir(path);
    struct dirent *entry;
    bool found = false;
    while (fds != NULL && !found && (entry = readdir(fds)) != NULL)
        found = readlinkat(dirfd(fds), entry->d_name, link, sizeof link) == want_size &&
                memcmp(link, want, (size_t)want_size) == 0;
    if (fds != NULL)
        (void)closedir(fds);
    return found;
}

static bool listens_here(const struct hg_caged *caged, int file, const struct stat *st)
{
    uint32_t socket_inode = listener_at(file, st);
    struct family *f = socket_inode == 0 ? NULL : malloc(sizeof *f);
    bool found = false;
    if (f == NULL)
        return false;
    read_processes(f);
    for (size_t i = 0; i < f->count && !found; i++)
        found = f->items[i].pid != getpid() && is_inside(caged->cage, f, f->items[i].pid) &&
                holds(f->items[i].pid, socket_inode);
    free(f);
    return found;
}

/* The socket that is bound to a file never changes while the file is there: one look is enough. */
static bool is_known(const struct hg_cage *cage, const struct stat *st)
{
    for (size_t i = 0; i < HG_PEERS_KNOWN; i++)
        if (cage->peers[i].device == st->st_dev && cage->peers[i].inode == st->st_ino &&
            cage->peers[i].changed.tv_sec == st->st_ctim.tv_sec &&
            cage->peers[i].changed.tv_nsec == st->st_ctim.tv_nsec)
            return true;
    return false;
}

static void remember(struct hg_cage *cage, const struct stat *st)
{
    cage->peers[cage->next_peer++ % HG_PEERS_KNOWN] =
        (struct hg_peer_file){.device = st->st_dev, .inode = st->st_ino, .changed = st->st_ctim};
}

/* --- the address
 * ------------------------------------------------------------------------------------------------------------
 */

static bool may_reach(struct hg_caged *caged, int file)
{
    char link[48], real[PATH_MAX];
    struct stat st;
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t n = readlink(link, real, sizeof real - 1);
    if (n < 0 || fstat(file, &st) != 0)
        return false;
    real[n] = '\0';
    if (!hg_places_may_write(&caged->places, real))
        return false;
    if (!S_ISSOCK(st.st_mode) || is_known(caged->cage, &st))
        return true; /* what is no socket connect(2) refuses */
    if (!listens_here(caged, file, &st))
        return false;
    remember(caged->cage, &st);
    return true;
}

int hg_unix_peer_pin(struct hg_caged *caged, pid_t pid, struct hg_sockaddr *address, struct hg_pinned *pinned)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&address->at;
    char path[sizeof un->sun_path + 1], resolved[PATH_MAX];
    size_t size = address->size - offsetof(struct sockaddr_un, sun_path);
    memcpy(path, un->sun_path, size);
    path[size] = '\0';
    if (path[0] == '\0' || !hg_process_path(pid, path, resolved, sizeof resolved))
        return EACCES;
    int file = open(resolved, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0)
        return hg_places_may_write(&caged->places, resolved) ? errno : EACCES;
    memset(un->sun_path, 0, sizeof un->sun_path);
    int n = snprintf(un->sun_path, sizeof un->sun_path, "/proc/self/fd/%d", file);
    address->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n + 1);
    pinned->fd = file;
    return may_reach(caged, file) ? 0 : EACCES;
}

void hg_unpin(struct hg_pinned *pinned)
{
    if (pinned->fd >= 0)
        close(pinned->fd);
    pinned->fd = -1;
}
