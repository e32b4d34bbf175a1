/* SPDX-License-Identifier: Apache-2.0 */
/* HG_REQ_ATTR: mode, owner and extended attributes, which Landlock does not know, of files in places that may
 * be written. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "guard/caged.h"
#include "guard/process.h"
#include "guard/sockaddr.h"

#define NAME_MOST  255 /* of an attribute: XATTR_NAME_MAX */
#define VALUE_MOST 2048
#define SPECIAL    07000u /* setuid, setgid, sticky */
#define MEMFD      "/memfd:"

/* One change to make. `link` is /proc/self/fd/N: it reaches the very file also through O_PATH. */
struct change {
    const char *words; /* behind the verb */
    const char *link;
    int fd;
    struct stat st;
    bool memfd;
};

static bool read_number(const char **at, int base, char end, long *out)
{
    char *stop;
    errno = 0;
    *out = strtol(*at, &stop, base);
    if (errno != 0 || stop == *at || *stop != end)
        return false;
    *at = stop + (end != '\0');
    return true;
}

static int change_mode(const struct change *c)
{
    long mode;
    const char *at = c->words;
    if (!read_number(&at, 8, '\0', &mode) || mode < 0 || mode > 07777)
        return EINVAL;
    if (((unsigned)mode & SPECIAL & ~c->st.st_mode) != 0) /* what is set may stay: copies keep modes */
        return EPERM;
    if (c->memfd && (mode & 0111) != 0) /* a memfd is never a program */
        return EPERM;
    return chmod(c->link, (mode_t)mode) == 0 ? 0 : errno;
}

static int change_owner(const struct change *c)
{
    long uid, gid;
    const char *at = c->words;
    if (!read_number(&at, 10, ' ', &uid) || !read_number(&at, 10, '\0', &gid) || uid < -1 || gid < -1 ||
        uid > UINT_MAX || gid > UINT_MAX)
        return EINVAL;
    if (c->memfd)
        return EPERM;
    return fchownat(c->fd, "", (uid_t)uid, (gid_t)gid, AT_EMPTY_PATH) == 0 ? 0 : errno;
}

/* The next word, at most NAME_MOST bytes, must be an attribute of the user's own. */
static bool read_name(const char **at, char name[NAME_MOST + 1])
{
    size_t n = strcspn(*at, " ");
    if (n > NAME_MOST)
        return false;
    memcpy(name, *at, n);
    name[n] = '\0';
    *at += n + ((*at)[n] == ' ');
    return true;
}

static int set_attribute(const struct change *c)
{
    char name[NAME_MOST + 1], value[VALUE_MOST];
    long flags;
    const char *at = c->words;
    if (!read_number(&at, 10, ' ', &flags) || (flags & ~(long)(XATTR_CREATE | XATTR_REPLACE)) != 0 ||
        !read_name(&at, name))
        return EINVAL;
    if (strncmp(name, "user.", 5) != 0)
        return EPERM;
    if (strlen(at) > 2 * sizeof value)
        return E2BIG;
    long size = hg_hex_read(at, value, sizeof value);
    if (size < 0)
        return EINVAL;
    return setxattr(c->link, name, value, (size_t)size, (int)flags) == 0 ? 0 : errno;
}

static int remove_attribute(const struct change *c)
{
    char name[NAME_MOST + 1];
    const char *at = c->words;
    if (!read_name(&at, name) || *at != '\0')
        return EINVAL;
    if (strncmp(name, "user.", 5) != 0)
        return EPERM;
    return removexattr(c->link, name) == 0 ? 0 : errno;
}

static const struct {
    const char *verb;
    int (*make)(const struct change *change);
} verbs[] = {
    {"chmod ", change_mode},
    {"chown ", change_owner},
    {"setxattr ", set_attribute},
    {"removexattr ", remove_attribute},
};

/* The capabilities by which files are reached (linux/capability.h): CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH,
 * FOWNER, FSETID. */
#define FILE_CAPABILITIES 0x1fu

/* The guard must lend nobody a right: it may be root, or may be asked by another user. */
static bool has_our_rights(pid_t pid)
{
    struct hg_process us, them;
    return hg_process_read(getpid(), &us) == 0 && hg_process_read(pid, &them) == 0 && us.uid == them.uid &&
           (us.capabilities & ~them.capabilities & FILE_CAPABILITIES) == 0;
}

static int make(struct change *c, const char *words)
{
    if (fstat(c->fd, &c->st) != 0)
        return errno;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        size_t n = strlen(verbs[i].verb);
        if (strncmp(words, verbs[i].verb, n) == 0) {
            c->words = words + n;
            return verbs[i].make(c);
        }
    }
    return EINVAL;
}

void hg_broker_attr(struct hg_caged *caged, struct hg_inquiry *q)
{
    char link[48], path[PATH_MAX];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", q->fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0 || !has_our_rights(q->pid)) {
        hg_cage_answer(q, HG_VERDICT_BLOCK, EPERM, "");
        return;
    }
    path[n] = '\0';
    struct change change = {.link = link, .fd = q->fd, .memfd = strncmp(path, MEMFD, sizeof MEMFD - 1) == 0};
    if (!change.memfd && !hg_places_may_write(&caged->places, path)) {
        const struct hg_act act = hg_cage_act(q, HG_ACT_ATTR, path);
        if (hg_cage_refuse(caged->cage, q, &act, EACCES))
            return;
    }
    hg_cage_answer(q, HG_VERDICT_ALLOW, make(&change, q->question.resolved), "");
}
