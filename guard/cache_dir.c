/* SPDX-License-Identifier: Apache-2.0 */
/* Where the verdict cache may lie. */
#include "guard/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int hg_cache_directory(char *out, size_t size)
{
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int n;
    if (xdg != NULL && xdg[0] == '/')
        n = snprintf(out, size, "%s/hubguard", xdg);
    else if (home != NULL && home[0] == '/')
        n = snprintf(out, size, "%s/.cache/hubguard", home);
    else
        return -ENOENT;
    return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* mkdir -p, 0700 */
static int make_directory(const char *dir)
{
    char path[PATH_MAX];
    if (hg_path_clean(dir, NULL, path, sizeof path) < 0)
        return -ENAMETOOLONG;
    for (char *slash = path + 1;; slash++) {
        slash = strchr(slash, '/');
        if (slash != NULL)
            *slash = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return -errno;
        if (slash == NULL)
            return 0;
        *slash = '/';
    }
}

/* Nobody but us or root may replace a component of the resolved path. */
static int check_parents(const char *real, struct hg_error *err)
{
    char path[PATH_MAX];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s", real);
    for (char *slash; (slash = strrchr(path, '/')) != NULL && slash != path;) {
        *slash = '\0';
        if (stat(path, &st) != 0)
            return hg_error_set(err, -errno, "%s: %s", path, strerror(errno));
        bool others_write = (st.st_mode & S_IWOTH) != 0 && (st.st_mode & S_ISVTX) == 0;
        if ((st.st_uid != geteuid() && st.st_uid != 0) || others_write)
            return hg_error_set(err, -EPERM, "%s: others can write there", path);
    }
    return 0;
}

static int check_owner(const char *dir, char *real, struct hg_error *err)
{
    int fd = open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st, again;
    int rc = 0;
    if (fd < 0)
        return hg_error_set(err, -errno, "%s: %s", dir, strerror(errno));
    if (fstat(fd, &st) != 0 || realpath(dir, real) == NULL || stat(real, &again) != 0)
        rc = hg_error_set(err, -errno, "%s: %s", dir, strerror(errno));
    else if (st.st_dev != again.st_dev || st.st_ino != again.st_ino)
        rc = hg_error_set(err, -EPERM, "%s: changed while it was checked", dir);
    else if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        rc = hg_error_set(err, -EPERM, "%s: must belong to you and be writable by nobody else", dir);
    close(fd);
    return rc != 0 ? rc : check_parents(real, err);
}

static bool below(const char *path, const char *top)
{
    size_t n = strlen(top);
    return strcmp(top, "/") == 0 || (strncmp(path, top, n) == 0 && (path[n] == '/' || path[n] == '\0'));
}

/* Like below(), with `top` resolved. */
static bool below_real(const char *path, const char *top)
{
    char real[PATH_MAX];
    return top != NULL && top[0] == '/' && below(path, realpath(top, real) != NULL ? real : top);
}

static bool is_home_or_root(const char *dir)
{
    char real_dir[PATH_MAX], real_home[PATH_MAX];
    const char *home = getenv("HOME");
    if (realpath(dir, real_dir) == NULL)
        return false;
    return strcmp(real_dir, "/") == 0 ||
           (home != NULL && realpath(home, real_home) != NULL && strcmp(real_dir, real_home) == 0);
}

/* The place that remote code may write and that holds `real`, in words; NULL when there is none. */
static const char *writable_place(const char *real, const char *cwd, const struct hg_roots *roots,
                                  const struct hg_policy *policy)
{
    const struct hg_words *write = &policy->fs_write;
    if (hg_roots_match(roots, real) != NULL)
        return "a guarded directory";
    /* No cage holds remote code to [fs] write yet, so its words are taken to be there whether or not they
     * are. */
    if (below_real(real, "/tmp") || below_real(real, "/var/tmp") || below_real(real, "/dev/shm") ||
        below_real(real, getenv("TMPDIR")))
        return "a temporary directory";
    if (cwd != NULL && !is_home_or_root(cwd) && below_real(real, cwd))
        return "the working directory";
    for (size_t i = 0; i < write->count; i++)
        if (below_real(real, write->items[i]))
            return "a [fs] write path";
    return NULL;
}

int hg_cache_check(const char *dir, const char *cwd, const struct hg_roots *roots,
                   const struct hg_policy *policy, char *real, struct hg_error *err)
{
    int rc = make_directory(dir);
    if (rc != 0)
        return hg_error_set(err, rc, "%s: %s", dir, strerror(-rc));
    rc = check_owner(dir, real, err);
    if (rc != 0)
        return rc;
    const char *place = writable_place(real, cwd, roots, policy);
    if (place != NULL)
        return hg_error_set(err, -EPERM, "%s: lies in %s, where remote code may write", dir, place);
    return 0;
}
