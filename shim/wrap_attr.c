/* SPDX-License-Identifier: Apache-2.0 */
/* Modes, owners and extended attributes, which Landlock does not know. The filter refuses these calls; under
 * the cage the guard makes them on the very file, where the policy lets it be written. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "shim/addresses.h"
#include "shim/cage.h"
#include "shim/shim.h"

#define VALUE_MAX 1800 /* bytes of an attribute that fit into a request */

/* The real function while there is no cage. */
#define UNLESS_CAGED(name, type, ...)                                                                        \
    do {                                                                                                     \
        static type *real;                                                                                   \
        if (__builtin_expect(real == NULL, 0))                                                               \
            real = (type *)hg_real(#name);                                                                   \
        if (!hg_caged())                                                                                     \
            return real(__VA_ARGS__);                                                                        \
    } while (0)

static int by_errno(int code)
{
    if (code == 0)
        return 0;
    errno = code;
    return -1;
}

/* 0 or the errno. */
static int ask_file(int fd, const char *name, const char *what)
{
    char path[PATH_MAX];
    struct hg_reply reply;
    if (name == NULL)
        name = hg_fd_path(fd, path, sizeof path) > 0 ? path : "";
    struct hg_ask ask = {
        .request = {.kind = HG_REQ_ATTR, .layer = HG_LAYER_LIBC}, .path = name, .resolved = what, .fd = fd};
    int code = hg_ask_act(&ask, &reply);
    return code == 0 || reply.error > 0 ? reply.error : EACCES;
}

static int change_fd(int fd, const char *what)
{
    int saved = errno;
    int code = fcntl(fd, F_GETFD) < 0 ? EBADF : ask_file(fd, NULL, what);
    errno = saved;
    return by_errno(code);
}

static int change(int dirfd, const char *path, bool follow, const char *what)
{
    int saved = errno;
    int fd = hg_sys_openat(dirfd, path, O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW), 0);
    int code = fd < 0 ? -fd : ask_file(fd, path, what);
    if (fd >= 0)
        hg_sys_close(fd);
    errno = saved;
    return by_errno(code);
}

/* --- chmod --- */

typedef int chmod_fn(const char *, mode_t);
typedef int fchmod_fn(int, mode_t);
typedef int fchmodat_fn(int, const char *, mode_t, int);

struct words {
    char text[64];
};

static struct words chmod_words(mode_t mode)
{
    struct words w;
    (void)snprintf(w.text, sizeof w.text, "chmod %o", (unsigned)mode & 07777u);
    return w;
}

static int change_mode(int dirfd, const char *path, mode_t mode, bool follow)
{
    struct stat st;
    if (!follow && fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
        return by_errno(EOPNOTSUPP);
    return change(dirfd, path, follow, chmod_words(mode).text);
}

HG_EXPORT int chmod(const char *path, mode_t mode)
{
    UNLESS_CAGED(chmod, chmod_fn, path, mode);
    return change_mode(AT_FDCWD, path, mode, true);
}

HG_EXPORT int lchmod(const char *path, mode_t mode)
{
    UNLESS_CAGED(lchmod, chmod_fn, path, mode);
    return change_mode(AT_FDCWD, path, mode, false);
}

HG_EXPORT int fchmod(int fd, mode_t mode)
{
    UNLESS_CAGED(fchmod, fchmod_fn, fd, mode);
    return change_fd(fd, chmod_words(mode).text);
}

HG_EXPORT int fchmodat(int dirfd, const char *path, mode_t mode, int flags)
{
    UNLESS_CAGED(fchmodat, fchmodat_fn, dirfd, path, mode, flags);
    if ((flags & ~AT_SYMLINK_NOFOLLOW) != 0)
        return by_errno(EINVAL);
    return change_mode(dirfd, path, mode, (flags & AT_SYMLINK_NOFOLLOW) == 0);
}

/* --- chown --- */

typedef int chown_fn(const char *, uid_t, gid_t);
typedef int fchown_fn(int, uid_t, gid_t);
typedef int fchownat_fn(int, const char *, uid_t, gid_t, int);

static struct words chown_words(uid_t uid, gid_t gid)
{
    struct words w;
    long user = uid == (uid_t)-1 ? -1 : (long)uid, group = gid == (gid_t)-1 ? -1 : (long)gid;
    (void)snprintf(w.text, sizeof w.text, "chown %ld %ld", user, group);
    return w;
}

HG_EXPORT int chown(const char *path, uid_t uid, gid_t gid)
{
    UNLESS_CAGED(chown, chown_fn, path, uid, gid);
    return change(AT_FDCWD, path, true, chown_words(uid, gid).text);
}

HG_EXPORT int lchown(const char *path, uid_t uid, gid_t gid)
{
    UNLESS_CAGED(lchown, chown_fn, path, uid, gid);
    return change(AT_FDCWD, path, false, chown_words(uid, gid).text);
}

HG_EXPORT int fchown(int fd, uid_t uid, gid_t gid)
{
    UNLESS_CAGED(fchown, fchown_fn, fd, uid, gid);
    return change_fd(fd, chown_words(uid, gid).text);
}

HG_EXPORT int fchownat(int dirfd, const char *path, uid_t uid, gid_t gid, int flags)
{
    UNLESS_CAGED(fchownat, fchownat_fn, dirfd, path, uid, gid, flags);
    if ((flags & AT_EMPTY_PATH) != 0 && path[0] == '\0')
        return dirfd == AT_FDCWD ? change(dirfd, ".", true, chown_words(uid, gid).text)
                                 : change_fd(dirfd, chown_words(uid, gid).text);
    return change(dirfd, path, (flags & AT_SYMLINK_NOFOLLOW) == 0, chown_words(uid, gid).text);
}

/* --- extended attributes --- */

typedef int setxattr_fn(const char *, const char *, const void *, size_t, int);
typedef int fsetxattr_fn(int, const char *, const void *, size_t, int);
typedef int removexattr_fn(const char *, const char *);
typedef int fremovexattr_fn(int, const char *);

struct long_words {
    char text[PATH_MAX];
};

/* 0 or the errno. A name with a blank could be read as another one. */
static int set_words(struct long_words *w, const char *name, const void *value, size_t size, int flags)
{
    if (strpbrk(name, " \n") != NULL || size > VALUE_MAX)
        return size > VALUE_MAX ? E2BIG : EINVAL;
    int n = snprintf(w->text, 320, "setxattr %d %s ", flags, name);
    if (n >= 320)
        return ERANGE;
    hg_hex(value, size, w->text + n);
    return 0;
}

static int remove_words(struct long_words *w, const char *name)
{
    if (strpbrk(name, " \n") != NULL)
        return EINVAL;
    return snprintf(w->text, 320, "removexattr %s", name) >= 320 ? ERANGE : 0;
}

static int set_xattr(const char *path, bool follow, const char *name, const void *value, size_t size,
                     int flags)
{
    struct long_words w;
    int code = set_words(&w, name, value, size, flags);
    return code != 0 ? by_errno(code) : change(AT_FDCWD, path, follow, w.text);
}

static int remove_xattr(const char *path, bool follow, const char *name)
{
    struct long_words w;
    int code = remove_words(&w, name);
    return code != 0 ? by_errno(code) : change(AT_FDCWD, path, follow, w.text);
}

HG_EXPORT int setxattr(const char *path, const char *name, const void *value, size_t size, int flags)
{
    UNLESS_CAGED(setxattr, setxattr_fn, path, name, value, size, flags);
    return set_xattr(path, true, name, value, size, flags);
}

HG_EXPORT int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags)
{
    UNLESS_CAGED(lsetxattr, setxattr_fn, path, name, value, size, flags);
    return set_xattr(path, false, name, value, size, flags);
}

HG_EXPORT int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
    struct long_words w;
    UNLESS_CAGED(fsetxattr, fsetxattr_fn, fd, name, value, size, flags);
    int code = set_words(&w, name, value, size, flags);
    return code != 0 ? by_errno(code) : change_fd(fd, w.text);
}

HG_EXPORT int removexattr(const char *path, const char *name)
{
    UNLESS_CAGED(removexattr, removexattr_fn, path, name);
    return remove_xattr(path, true, name);
}

HG_EXPORT int lremovexattr(const char *path, const char *name)
{
    UNLESS_CAGED(lremovexattr, removexattr_fn, path, name);
    return remove_xattr(path, false, name);
}

HG_EXPORT int fremovexattr(int fd, const char *name)
{
    struct long_words w;
    UNLESS_CAGED(fremovexattr, fremovexattr_fn, fd, name);
    int code = remove_words(&w, name);
    return code != 0 ? by_errno(code) : change_fd(fd, w.text);
}
