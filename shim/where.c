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

/* Directories known to lie under no root, by hash. A full table forgets. */
#define KNOWN_SIZE 8192
static atomic_ullong known[KNOWN_SIZE];

static bool is_known(uint64_t h)
{
    return atomic_load_explicit(&known[h % KNOWN_SIZE], memory_order_relaxed) == h;
}

static void remember(uint64_t h)
{
    atomic_store_explicit(&known[h % KNOWN_SIZE], h, memory_order_relaxed);
}

/* A directory as it was found: another one under the same name has another inode, and one that took over the
 * inode's number, or that was moved, has another time of change (inode(7)). Without `st`, the name alone.
 * Roots are only ever added: their number tells when. */
static uint64_t hash_directory(const struct hg_roots *roots, const char *dir, size_t n, const struct stat *st)
{
    if (st == NULL)
        return hg_hash(dir, n, (const uint64_t[]){roots->count}, 1);
    const uint64_t more[] = {roots->count, st->st_dev, st->st_ino, (uint64_t)st->st_ctim.tv_sec,
                             (uint64_t)st->st_ctim.tv_nsec};
    return hg_hash(dir, n, more, sizeof more / sizeof more[0]);
}

static const struct hg_root *root_of_inode(const struct hg_roots *roots, const struct stat *dir)
{
    for (size_t i = 0; i < roots->count; i++) {
        struct stat st;
        if (stat(roots->items[i].path, &st) == 0 && st.st_ino == dir->st_ino && st.st_dev == dir->st_dev)
            return &roots->items[i];
    }
    return NULL;
}

/* Walk up from the directory of `resolved` to one that is known. Each that has been found free is remembered:
 * an import looks at hundreds of files in a handful of directories. */
static const struct hg_root *root_by_ancestor(const struct hg_roots *roots, const char *resolved)
{
    char dir[PATH_MAX];
    uint64_t fresh[32]; /* what lies deeper is looked at each time */
    size_t n = strlen(resolved), found = 0;
    bool all = true;
    if (n >= sizeof dir || resolved[0] != '/')
        return NULL;
    memcpy(dir, resolved, n + 1);
    for (;;) {
        while (n > 1 && dir[n - 1] != '/')
            n--;
        if (n <= 1)
            break;
        dir[--n] = '\0';
        struct stat st;
        if (stat(dir, &st) != 0) {
            all = false; /* a file that was removed has a path that leads elsewhere, or nowhere */
            continue;
        }
        uint64_t h = hash_directory(roots, dir, n, &st);
        if (is_known(h))
            break;
        const struct hg_root *root = root_of_inode(roots, &st);
        if (root != NULL)
            return root;
        if (found == sizeof fresh / sizeof fresh[0])
            all = false;
        else
            fresh[found++] = h;
    }
    while (all && found > 0)
        remember(fresh[--found]);
    return NULL;
}

const struct hg_root *hg_guarded_resolved(const char *resolved)
{
    const struct hg_roots *roots = hg_roots_now();
    const struct hg_root *root = hg_roots_match(roots, resolved);
    return root != NULL ? root : root_by_ancestor(roots, resolved);
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

/* Whether what lies in this directory and is no link is free. What is looked at and what is remembered are
 * the same inode. */
static bool visit(const struct hg_roots *roots, const char *dir, size_t n)
{
    char resolved[PATH_MAX];
    struct stat st;
    int fd = hg_sys_openat(AT_FDCWD, dir, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return false;
    int len = fstat(fd, &st) == 0 ? hg_fd_path(fd, resolved, sizeof resolved) : -1;
    hg_sys_close(fd);
    if (len <= 0 || (size_t)len + 3 > sizeof resolved)
        return false;
    memcpy(resolved + len, "/.", 3); /* a name in it: the directory may be a root itself */
    if (hg_guarded_resolved(resolved) != NULL)
        return false;
    remember(hash_directory(roots, dir, n, &st));
    return true;
}

/* Whether a file needs no look of its own: it is no link, and its directory was found free and - unless a
 * name is enough - is the one that was found. */
static bool is_free(const char *path, bool by_name)
{
    char dir[PATH_MAX];
    struct stat st;
    const struct hg_roots *roots = hg_roots_now();
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - path);
    if (path[0] != '/' || n == 0 || n >= sizeof dir || !hg_path_is_clean(path) ||
        hg_roots_match(roots, path) != NULL)
        return false;
    memcpy(dir, path, n);
    dir[n] = '\0';
    if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    uint64_t name = hash_directory(roots, dir, n, NULL);
    if (by_name && is_known(name))
        return true;
    if (stat(dir, &st) != 0 || (!is_known(hash_directory(roots, dir, n, &st)) && !visit(roots, dir, n)))
        return false;
    remember(name);
    return true;
}

const struct hg_root *hg_guarded_event(const char *path, char *clean)
{
    int saved = errno;
    bool skip = !hg_remote_may_run() && is_free(path, false);
    errno = saved;
    return skip ? NULL : hg_guarded(path, clean);
}

const struct hg_root *hg_guarded_hint(const char *path, char *clean)
{
    int saved = errno;
    bool skip = is_free(path, true);
    errno = saved;
    return skip ? NULL : hg_guarded(path, clean);
}
