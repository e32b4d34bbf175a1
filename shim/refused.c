/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel refused a caged process is an event. Landlock answers EACCES like the permission bits do;
 * what access(2) would allow, which does not ask Landlock, was refused by the cage. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "shim/cage.h"
#include "shim/shim.h"

#define TOLD 1024 /* paths, by their hash; when it is full, others are told more than once */

static atomic_ullong told[TOLD];

static bool first_time(const char *act, const char *path)
{
    unsigned long long h = 1469598103934665603u ^ (unsigned char)act[0]; /* FNV-1a */
    for (const char *c = path; *c != '\0'; c++)
        h = (h ^ (unsigned char)*c) * 1099511628211u;
    h += h == 0;
    for (unsigned i = 0; i < 8; i++) {
        atomic_ullong *slot = &told[(h + i) % TOLD];
        unsigned long long seen = 0;
        if (atomic_compare_exchange_strong(slot, &seen, h))
            return true;
        if (seen == h)
            return false;
    }
    return true;
}

static void tell(const char *act, const char *path)
{
    struct hg_ask ask = {.request = {.kind = HG_REQ_ACT, .flags = HG_REQ_NO_BYTES, .layer = HG_LAYER_LIBC},
                         .path = path,
                         .resolved = act,
                         .fd = -1};
    if (first_time(act, path))
        (void)hg_ask_act(&ask, NULL);
}

static bool bits_allow(int dirfd, const char *path, char *clean, bool writing)
{
    if (faccessat(dirfd, path, writing ? W_OK : R_OK, AT_EACCESS) == 0)
        return true;
    if (!writing || errno != ENOENT)
        return false;
    char *slash = strrchr(clean, '/'); /* a new file: what its directory allows */
    *slash = '\0';
    bool may = faccessat(AT_FDCWD, slash == clean ? "/" : clean, W_OK | X_OK, AT_EACCESS) == 0;
    *slash = '/';
    return may;
}

void hg_refused_open(int dirfd, const char *path, bool writing)
{
    char clean[PATH_MAX], dir[PATH_MAX];
    int saved = errno;
    bool relative = path[0] != '/' && dirfd != AT_FDCWD;
    if (hg_cage_own() && hg_caged() && (!relative || hg_fd_path(dirfd, dir, sizeof dir) > 0) &&
        hg_path_clean(path, relative ? dir : NULL, clean, sizeof clean) > 0 &&
        bits_allow(dirfd, path, clean, writing))
        tell(writing ? "write" : "read", clean);
    errno = saved;
}

/* EPERM is the filter's own answer where no program is allowed; every other execve(2) the guard has been
 * asked about. */
void hg_refused_exec(const char *path)
{
    char clean[PATH_MAX], resolved[PATH_MAX];
    int saved = errno;
    if (saved == EPERM && hg_cage_own() && hg_caged()) {
        if (strchr(path, '/') == NULL) /* searched for: each place was asked about */
            tell("exec", path);
        else if (hg_path_clean(path, NULL, clean, sizeof clean) > 0 &&
                 hg_path_resolve(clean, resolved, sizeof resolved) > 0)
            tell("exec", resolved);
    }
    errno = saved;
}
