/* SPDX-License-Identifier: Apache-2.0 */
/* dlopen of a guarded shared object maps the sealed copy that was judged. The loader resolves RPATH and
 * namespaces by the address that called dlopen(3), so the wrappers end in a tail call and leave that address
 * in place. */
#include "shim/shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Copies stay open as long as the process lives: the loader knows a library by device and inode, so that a
 * second dlopen of the same file finds the first. */
#define COPIES 64
static struct copy {
    atomic_int used;
    int fd;
    dev_t dev, copy_dev;
    ino_t ino, copy_ino;
    struct timespec mtime;
    off_t size;
} copies[COPIES];

static const char *copy_path(int fd, unsigned slot, char *out, size_t size)
{
    /* The loader also knows a library by its name; descriptor numbers come back, so each slot spells its own.
     */
    static const char dots[] = "/././././././././././././././././././././././././././././././././././././././"
                               "././././././././././././././"
                               "././././././././././././././././././././././././././././././././";
    (void)snprintf(out, size, "/proc/self/fd%.*s/%d", (int)(2 * (slot % COPIES)), dots, fd);
    return out;
}

static int known_copy(const struct stat *st, unsigned *slot)
{
    for (unsigned i = 0; i < COPIES; i++) {
        struct copy *c = &copies[i];
        struct stat now;
        if (atomic_load(&c->used) == 2 && c->dev == st->st_dev && c->ino == st->st_ino &&
            c->size == st->st_size && c->mtime.tv_sec == st->st_mtim.tv_sec &&
            c->mtime.tv_nsec == st->st_mtim.tv_nsec && fstat(c->fd, &now) == 0 && now.st_ino == c->copy_ino &&
            now.st_dev == c->copy_dev) {
            *slot = i;
            return c->fd;
        }
    }
    return -1;
}

static unsigned remember_copy(const struct stat *st, int fd)
{
    struct stat now;
    for (unsigned i = 0; i < COPIES; i++) {
        int zero = 0;
        struct copy *c = &copies[i];
        if (!atomic_compare_exchange_strong(&c->used, &zero, 1))
            continue;
        if (fstat(fd, &now) != 0)
            break;
        *c = (struct copy){.dev = st->st_dev,
                           .ino = st->st_ino,
                           .mtime = st->st_mtim,
                           .size = st->st_size,
                           .fd = fd,
                           .copy_dev = now.st_dev,
                           .copy_ino = now.st_ino};
        atomic_store(&c->used, 2);
        return i;
    }
    return (unsigned)fd;
}

/* Folders of a library directory that ld.so searches before the directory itself: glibc-hwcaps, and up to
 * glibc 2.36 every combination of the older names, in this order. */
static const char *const hardware[] = {"glibc-hwcaps/x86-64-v4/", "glibc-hwcaps/x86-64-v3/",
                                       "glibc-hwcaps/x86-64-v2/"};
static const char *const legacy[] = {"tls/", "haswell/", "avx512_1/", "x86_64/"};
#define HARDWARE    (sizeof hardware / sizeof hardware[0])
#define LEGACY_SETS (1u << (sizeof legacy / sizeof legacy[0]))

/* Path number `variant` of `name` in a library directory, from HARDWARE + LEGACY_SETS; the last is in the
 * directory itself. */
static bool library_variant(unsigned variant, const char *dir, size_t n, const char *name, char *found)
{
    char below[64] = "";
    if (variant < HARDWARE) {
        (void)snprintf(below, sizeof below, "%s", hardware[variant]);
    } else {
        unsigned set = LEGACY_SETS - 1 - (variant - (unsigned)HARDWARE);
        for (unsigned i = 0; i < sizeof legacy / sizeof legacy[0]; i++)
            if ((set >> i & 1u) != 0)
                strcat(below, legacy[i]);
    }
    return snprintf(found, PATH_MAX, "%.*s/%s%s", (int)n, dir, below, name) < PATH_MAX &&
           access(found, F_OK) == 0;
}

/* A bare name that LD_LIBRARY_PATH (as ld.so read it at the start) would find under a guarded root. An empty
 * entry is the working directory (ld.so(8)). */
static bool on_library_path(const char *name, char *found)
{
    const char *dir = hg_state.library_path;
    while (*hg_state.library_path != '\0') {
        size_t n = strcspn(dir, ":;");
        for (unsigned i = 0; i < HARDWARE + LEGACY_SETS; i++) {
            char clean[PATH_MAX];
            if (library_variant(i, n == 0 ? "." : dir, n == 0 ? 1 : n, name, found))
                return hg_guarded(found, clean) != NULL;
        }
        if (dir[n] == '\0')
            return false;
        dir += n + 1;
    }
    return false;
}

/* What the real dlopen is to be called with: `path` itself, a sealed copy, or - blocked - the reason, which
 * is no file and so comes back in dlerror(3). */
__attribute__((noinline)) static const char *dlopen_name(const char *path)
{
    static __thread char name[PATH_MAX] __attribute__((tls_model("initial-exec")));
    char found[PATH_MAX];
    const char *asked = path;
    hg_init();
    if (!hg_state.python || path == NULL)
        return path;
    if (strchr(path, '/') == NULL) {
        if (!on_library_path(path, found))
            return path;
        path = found;
    }
    int saved = errno, fd = -1;
    unsigned slot = 0;
    struct stat st;
    if (stat(path, &st) == 0 && (fd = known_copy(&st, &slot)) >= 0) {
        errno = saved;
        return copy_path(fd, slot, name, sizeof name);
    }
    int code = hg_gate_native(path, &fd);
    errno = saved;
    if (code == 0 || (code < 0 && !hg_thread.blocked))
        return asked; /* not guarded; or it cannot be opened, and the loader says so itself */
    if (code == 1)
        return copy_path(fd, remember_copy(&st, fd), name, sizeof name);
    (void)snprintf(name, sizeof name, "%.3000s", hg_thread.message);
    for (char *c = name; *c != '\0'; c++)
        if (*c == '/' || *c == '\n' || *c == '$')
            *c = *c == '\n' ? ' ' : '|'; /* no path, no dynamic string token */
    return name;
}

typedef void *dlopen_fn(const char *, int);
typedef void *dlmopen_fn(Lmid_t, const char *, int);
static dlopen_fn *real_dlopen;
static dlmopen_fn *real_dlmopen;

__attribute__((constructor(102))) static void find_real(void)
{
    real_dlopen = (dlopen_fn *)hg_real("dlopen");
    real_dlmopen = (dlmopen_fn *)hg_real("dlmopen");
}

/* A program that embeds Python as a plug-in: the hooks must be in place before Py_Initialize. */
static bool brings_python(const char *path)
{
    return !hg_state.python && path != NULL && strstr(path, "libpython") != NULL;
}

__attribute__((noinline)) static void *dlopen_python(const char *path, int flags)
{
    void *handle = real_dlopen(path, flags);
    if (handle != NULL)
        hg_python_look(handle);
    return handle;
}

HG_EXPORT void *dlopen(const char *path, int flags)
{
    if (__builtin_expect(real_dlopen == NULL, 0))
        find_real();
    if (__builtin_expect(brings_python(path), 0))
        return dlopen_python(path, flags);
    return real_dlopen(dlopen_name(path), flags);
}

HG_EXPORT void *dlmopen(Lmid_t space, const char *path, int flags)
{
    if (__builtin_expect(real_dlmopen == NULL, 0))
        find_real();
    return real_dlmopen(space, dlopen_name(path), flags);
}
