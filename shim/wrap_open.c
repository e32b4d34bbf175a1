/* SPDX-License-Identifier: Apache-2.0 */
/* Every way in which this libc opens a file for reading. The list is checked against the libc by
 * tests/check_symbols.sh, so that no variant is forgotten. */
#include "shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "shim/cage.h"

static bool reads_only(int flags)
{
    return (flags & O_ACCMODE) == O_RDONLY && (flags & (O_PATH | O_DIRECTORY | O_CREAT | O_TRUNC)) == 0 &&
           (flags & O_TMPFILE) != O_TMPFILE;
}

/* Through the gate if it is wanted. True when *fd and errno are the caller's answer. */
static bool gated(int dirfd, const char *path, int flags, int *fd)
{
    hg_init();
    if (!reads_only(flags) || !hg_gate_wants(path))
        return false;
    int saved = errno;
    int code = hg_gate_open(dirfd, path, flags, 0);
    hg_thread.code_next = 0;
    errno = code < 0 ? -code : saved;
    *fd = code < 0 ? -1 : code;
    return true;
}

static bool writes(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;
}

/* The real function's answer. */
static int opened(int fd, int dirfd, const char *path, int flags)
{
    if (__builtin_expect(fd < 0 && errno == EACCES, 0))
        hg_refused_open(dirfd, path, writes(flags));
    return fd;
}

#define MODE_OF(flags, last)                                                                                 \
    ({                                                                                                       \
        unsigned mode_ = 0;                                                                                  \
        if (((flags) & (O_CREAT | O_TMPFILE)) != 0) {                                                        \
            va_list ap_;                                                                                     \
            va_start(ap_, last);                                                                             \
            mode_ = va_arg(ap_, unsigned);                                                                   \
            va_end(ap_);                                                                                     \
        }                                                                                                    \
        mode_;                                                                                               \
    })

#define REAL(name, type)                                                                                     \
    static type real;                                                                                        \
    if (__builtin_expect(real == NULL, 0))                                                                   \
    real = (type)hg_real(name)

typedef int open_fn(const char *, int, ...);
typedef int openat_fn(int, const char *, int, ...);
typedef int open2_fn(const char *, int);
typedef int openat2_fn(int, const char *, int);

#define WRAP_OPEN(name)                                                                                      \
    HG_EXPORT int name(const char *path, int flags, ...);                                                    \
    int name(const char *path, int flags, ...)                                                               \
    {                                                                                                        \
        REAL(#name, open_fn *);                                                                              \
        unsigned mode = MODE_OF(flags, flags);                                                               \
        int fd;                                                                                              \
        return gated(AT_FDCWD, path, flags, &fd) ? fd                                                        \
                                                 : opened(real(path, flags, mode), AT_FDCWD, path, flags);   \
    }
#define WRAP_OPENAT(name)                                                                                    \
    HG_EXPORT int name(int dirfd, const char *path, int flags, ...);                                         \
    int name(int dirfd, const char *path, int flags, ...)                                                    \
    {                                                                                                        \
        REAL(#name, openat_fn *);                                                                            \
        unsigned mode = MODE_OF(flags, flags);                                                               \
        int fd;                                                                                              \
        return gated(dirfd, path, flags, &fd) ? fd                                                           \
                                              : opened(real(dirfd, path, flags, mode), dirfd, path, flags);  \
    }
#define WRAP_OPEN_2(name)                                                                                    \
    HG_EXPORT int name(const char *path, int flags);                                                         \
    int name(const char *path, int flags)                                                                    \
    {                                                                                                        \
        REAL(#name, open2_fn *);                                                                             \
        int fd;                                                                                              \
        return gated(AT_FDCWD, path, flags, &fd) ? fd : opened(real(path, flags), AT_FDCWD, path, flags);    \
    }
#define WRAP_OPENAT_2(name)                                                                                  \
    HG_EXPORT int name(int dirfd, const char *path, int flags);                                              \
    int name(int dirfd, const char *path, int flags)                                                         \
    {                                                                                                        \
        REAL(#name, openat2_fn *);                                                                           \
        int fd;                                                                                              \
        return gated(dirfd, path, flags, &fd) ? fd : opened(real(dirfd, path, flags), dirfd, path, flags);   \
    }

WRAP_OPEN(open)
WRAP_OPEN(open64)
WRAP_OPENAT(openat)
WRAP_OPENAT(openat64)
WRAP_OPEN_2(__open_2)
WRAP_OPEN_2(__open64_2)
WRAP_OPENAT_2(__openat_2)
WRAP_OPENAT_2(__openat64_2)
/* What libc-internal aliases some programs bind to. */
WRAP_OPEN(__open)
WRAP_OPEN(__open64)

/* open(2) flags of a stdio mode that only reads; -1 for any other mode. */
static int stdio_flags(const char *mode)
{
    if (mode == NULL || mode[0] != 'r')
        return -1;
    int flags = O_RDONLY;
    for (const char *m = mode + 1; *m != '\0' && *m != ','; m++) {
        if (*m == '+')
            return -1;
        if (*m == 'e')
            flags |= O_CLOEXEC;
    }
    return flags;
}

static bool gated_stream(const char *path, const char *mode, FILE **stream)
{
    int fd, flags = stdio_flags(mode);
    if (flags < 0 || !gated(AT_FDCWD, path, flags, &fd))
        return false;
    *stream = fd < 0 ? NULL : fdopen(fd, mode);
    if (fd >= 0 && *stream == NULL)
        hg_sys_close(fd);
    return true;
}

static FILE *opened_stream(FILE *stream, const char *path, const char *mode)
{
    if (__builtin_expect(stream == NULL && path != NULL && errno == EACCES, 0))
        hg_refused_open(AT_FDCWD, path, mode[0] != 'r' || strchr(mode, '+') != NULL);
    return stream;
}

/* The stream keeps its place; what it reads is the sealed copy, opened once more by libc itself. */
static bool gated_again(const char *path, const char *mode, char *link, size_t size, int *fd)
{
    int flags = stdio_flags(mode);
    if (flags < 0 || path == NULL || !gated(AT_FDCWD, path, flags | O_CLOEXEC, fd))
        return false;
    if (*fd >= 0)
        (void)snprintf(link, size, "/proc/self/fd/%d", *fd);
    return true;
}

typedef FILE *fopen_fn(const char *, const char *);
typedef FILE *freopen_fn(const char *, const char *, FILE *);

#define WRAP_FOPEN(name)                                                                                     \
    HG_EXPORT FILE *name(const char *path, const char *mode);                                                \
    FILE *name(const char *path, const char *mode)                                                           \
    {                                                                                                        \
        REAL(#name, fopen_fn *);                                                                             \
        FILE *stream;                                                                                        \
        return gated_stream(path, mode, &stream) ? stream : opened_stream(real(path, mode), path, mode);     \
    }
#define WRAP_FREOPEN(name)                                                                                   \
    HG_EXPORT FILE *name(const char *path, const char *mode, FILE *stream);                                  \
    FILE *name(const char *path, const char *mode, FILE *stream)                                             \
    {                                                                                                        \
        REAL(#name, freopen_fn *);                                                                           \
        char link[48];                                                                                       \
        int fd;                                                                                              \
        if (!gated_again(path, mode, link, sizeof link, &fd))                                                \
            return opened_stream(real(path, mode, stream), path, mode);                                      \
        if (fd < 0) {                                                                                        \
            int saved = errno;                                                                               \
            (void)fclose(stream); /* as freopen(3) does when it cannot open */                               \
            errno = saved;                                                                                   \
            return NULL;                                                                                     \
        }                                                                                                    \
        FILE *again = real(link, mode, stream);                                                              \
        hg_sys_close(fd);                                                                                    \
        return again;                                                                                        \
    }

WRAP_FOPEN(fopen)
WRAP_FOPEN(fopen64)
WRAP_FOPEN(_IO_fopen) /* an old name of the same; no header declares it */
WRAP_FREOPEN(freopen)
WRAP_FREOPEN(freopen64)
