/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_all(int fd, char *buf, size_t size, size_t *got)
{
    *got = 0;
    while (*got < size) {
        ssize_t n = read(fd, buf + *got, size - *got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -EIO;
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return 0;
}

static int read_open(int fd, const char *path, size_t max, char **out, size_t *size, struct stat *st,
                     struct hg_error *err)
{
    if (fstat(fd, st) < 0)
        return hg_error_set(err, -EIO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st->st_mode))
        return hg_error_set(err, -EINVAL, "%s: not a regular file", path);
    if (st->st_size < 0 || (size_t)st->st_size > max)
        return hg_error_set(err, -EINVAL, "%s: larger than %zu bytes", path, max);
    size_t have = (size_t)st->st_size;
    char *buf = malloc(have + 2);
    if (buf == NULL)
        return hg_error_set(err, -ENOMEM, "out of memory");
    /* One byte more than fstat said: a file that grows is not read in part. */
    if (read_all(fd, buf, have + 1, size) < 0 || *size > have) {
        free(buf);
        return hg_error_set(err, *size > have ? -EINVAL : -EIO, "%s: %s", path,
                            *size > have ? "changed while it was read" : "cannot be read");
    }
    buf[*size] = '\0';
    *out = buf;
    return 0;
}

int hg_read_small(const char *path, size_t max, char **out, size_t *size, struct stat *st,
                  struct hg_error *err)
{
    /* O_NONBLOCK: opening a FIFO must not wait for its writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        int code = errno == ENOENT || errno == ENOTDIR ? -ENOENT
                   : errno == EACCES || errno == EPERM ? -EACCES
                                                       : -EIO;
        return hg_error_set(err, code, "%s: %s", path, strerror(errno));
    }
    int rc = read_open(fd, path, max, out, size, st, err);
    (void)close(fd);
    return rc;
}
