/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Raw: the libc names are our own hooks. */
int hg_sys_openat(int dirfd, const char *path, int flags, unsigned mode)
{
    long fd = syscall(SYS_openat, dirfd, path, flags | O_LARGEFILE, mode);
    return fd < 0 ? -errno : (int)fd;
}

int hg_sys_close(int fd)
{
    int saved = errno;
    long r = syscall(SYS_close, fd);
    int code = r < 0 ? -errno : 0;
    errno = saved;
    return code;
}

/* By hand: this is on the path of every open, and snprintf(3) costs more than the rest of it. */
static void fd_link(int fd, char *link)
{
    char digits[12];
    size_t n = 0, at = sizeof "/proc/self/fd/" - 1;
    memcpy(link, "/proc/self/fd/", at);
    for (unsigned left = (unsigned)fd; n == 0 || left != 0; left /= 10)
        digits[n++] = (char)('0' + left % 10);
    while (n != 0)
        link[at++] = digits[--n];
    link[at] = '\0';
}

int hg_fd_path(int fd, char *out, size_t size)
{
    char link[32];
    fd_link(fd, link);
    ssize_t n = readlink(link, out, size - 1);
    if (n < 0)
        return -errno;
    out[n] = '\0';
    return (int)n;
}

void hg_say(const char *text)
{
    int saved = errno;
    size_t left = strlen(text);
    while (left != 0) {
        ssize_t n = write(STDERR_FILENO, text, left);
        if (n <= 0 && errno != EINTR)
            break;
        if (n > 0) {
            text += n;
            left -= (size_t)n;
        }
    }
    errno = saved;
}
