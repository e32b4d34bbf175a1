/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/lock_json.h"

/* Write, flush and sync `fd`, which is closed in any case. */
static int write_all(const struct hg_lock *lock, int fd)
{
    FILE *out = fdopen(fd, "w");
    if (out == NULL) {
        (void)close(fd);
        return -ENOMEM;
    }
    errno = 0;
    bool bad = hg_lock_json_write(lock, out) < 0 || fflush(out) != 0 || fsync(fd) != 0;
    int code = bad && errno != 0 ? errno : EIO;
    if (fclose(out) != 0 && !bad) {
        code = errno;
        bad = true;
    }
    return bad ? -code : 0;
}

/* So that the new name survives a crash; a file system that cannot do it is no error. */
static void sync_directory(const char *path)
{
    char dir[PATH_MAX];
    (void)snprintf(dir, sizeof dir, "%s", path);
    char *slash = strrchr(dir, '/');
    if (slash == NULL)
        (void)snprintf(dir, sizeof dir, ".");
    else
        slash[slash == dir] = '\0';
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    (void)close(fd);
}

/* A new file gets what the umask leaves of 0644; one that is replaced keeps its mode. */
static mode_t mode_for(const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0)
        return st.st_mode & 0775;
    mode_t mask = umask(022);
    (void)umask(mask);
    return 0644 & ~mask;
}

static int replace(const struct hg_lock *lock, const char *path, struct hg_error *err)
{
    char temporary[PATH_MAX];
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return hg_error_set(err, -EINVAL, "%s: not a regular file", path);
    int n = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof temporary)
        return hg_error_set(err, -ENAMETOOLONG, "%.200s: too long a path", path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return hg_error_set(err, -errno, "%.300s: cannot be written: %s", path, strerror(errno));
    mode_t mode = mode_for(path);
    int rc = fchmod(fd, mode) < 0 ? -errno : 0;
    int written = write_all(lock, fd);
    if (rc == 0)
        rc = written;
    if (rc == 0 && rename(temporary, path) < 0)
        rc = -errno;
    if (rc < 0) {
        (void)unlink(temporary);
        return hg_error_set(err, rc, "%.300s: not written, the old file is as it was: %s", path,
                            strerror(-rc));
    }
    sync_directory(path);
    return 0;
}

int hg_lock_save(const struct hg_lock *lock, const char *path, struct hg_error *err)
{
    /* A link is written through: renaming over it would put a file in its place. */
    char *real = realpath(path, NULL);
    int rc = replace(lock, real != NULL ? real : path, err);
    free(real);
    return rc;
}
