/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a file is guarded. Three answers count: how its path is spelled, where the opened inode really is,
 * and whether one of the directories above it is the same directory as a root (a bind mount has another
 * path). */
#include "shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEEN_SIZE 1024 /* directories known to lie under no root, by hash of their path */

static atomic_ullong seen[SEEN_SIZE];

static uint64_t hash_path(const char *path, size_t n)
{
    uint64_t h = 1469598103934665603u; /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)path[i]) * 1099511628211u;
    return h == 0 ? 1 : h;
}

static const struct hg_root *root_of_inode(const struct stat *dir)
{
    const struct hg_roots *roots = hg_roots_now();
    for (size_t i = 0; i < roots->count; i++) {
        struct stat st;
        if (stat(roots->items[i].path, &st) == 0 && st.st_ino == dir->st_ino && st.st_dev == dir->st_dev)
            return &roots->items[i];
    }
    return NULL;
}

/* Walk up from the directory of `resolved`. Each directory that has been found free is remembered: an import
 * looks at hundreds of files in a handful of directories. */
static const struct hg_root *root_by_ancestor(const char *resolved)
{
    char dir[PATH_MAX];
    size_t n = strlen(resolved);
    if (n >= sizeof dir || resolved[0] != '/')
        return NULL;
    memcpy(dir, resolved, n + 1);
    uint64_t first = 0;
    for (;;) {
        while (n > 1 && dir[n - 1] != '/')
            n--;
        if (n <= 1)
            break;
        dir[--n] = '\0';
        uint64_t h = hash_path(dir, n);
        if (first == 0)
            first = h;
        if (atomic_load_explicit(&seen[h % SEEN_SIZE], memory_order_relaxed) == h)
            break;
        struct stat st;
        const struct hg_root *root = stat(dir, &st) == 0 ? root_of_inode(&st) : NULL;
        if (root != NULL)
            return root;
    }
    if (first != 0)
        atomic_store_explicit(&seen[first % SEEN_SIZE], first, memory_order_relaxed);
    return NULL;
}

const struct hg_root *hg_guarded_resolved(const char *resolved)
{
    const struct hg_root *root = hg_roots_match(hg_roots_now(), resolved);
    return root != NULL ? root : root_by_ancestor(resolved);
}

const struct hg_root hg_root_unknown = {.path = "/"};

/* Where `path` leads. Length of `resolved`, -ENOENT when it leads nowhere, other -errno when that cannot be
 * told.
 */
static int resolve(const char *path, const char *clean, char *resolved)
{
    int fd = hg_sys_openat(AT_FDCWD, path, O_PATH | O_CLOEXEC, 0);
    if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM)
        return hg_path_resolve(path[0] == '/' ? path : clean, resolved, PATH_MAX); /* link by link */
    if (fd < 0)
        return -ENOENT;
    int n = hg_fd_path(fd, resolved, PATH_MAX);
    hg_sys_close(fd);
    return n < 0 ? -ENAMETOOLONG : n;
}

const struct hg_root *hg_guarded(const char *path, char *clean)
{
    char resolved[PATH_MAX];
    const struct hg_root *root = NULL;
    if (hg_path_clean(path, NULL, clean, PATH_MAX) > 0)
        root = hg_roots_match(hg_roots_now(), clean);
    else /* the working directory has no path: the file may have one all the same */
        (void)snprintf(clean, PATH_MAX, "%s", path);
    if (root != NULL)
        return root;
    int n = resolve(path, clean, resolved);
    if (n < 0)
        return n == -ENOENT ? NULL : &hg_root_unknown;
    return hg_guarded_resolved(resolved);
}
