/* SPDX-License-Identifier: Apache-2.0 */
/* The gate: a guarded file is copied once, into memory that nobody can change any more; the guard judges that
 * copy, and the caller gets that copy. What happens to the file afterwards does not matter. */
#include "shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/cage.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3; memfd_create(2) */
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3 */
#endif

/* Instead of a descriptor or -errno: nothing is copied, the caller opens the file as it was asked to. */
#define AS_ASKED INT_MIN

/* One guarded file on its way through the gate. */
struct passage {
    enum hg_req_kind kind;
    enum hg_req_layer layer;
    int code; /* opened to be run, whatever it is called */
    const char *path, *resolved;
    const struct hg_root *root;
};

static bool ends_with(const char *path, size_t n, const char *suffix, size_t m)
{
    return n > m && memcmp(path + n - m, suffix, m) == 0;
}

static bool is_source_name(const char *path, size_t n)
{
    return ends_with(path, n, ".py", 3) || ends_with(path, n, ".pyw", 4);
}

static bool is_bytecode_name(const char *path, size_t n)
{
    return ends_with(path, n, ".pyc", 4) || ends_with(path, n, ".pyo", 4);
}

/* site runs the import lines of a path configuration file. */
static bool is_path_configuration(const char *path, size_t n)
{
    return ends_with(path, n, ".pth", 4);
}

/* A second open of a descriptor: what it is shows only when it is resolved. */
static bool is_descriptor_name(const char *path)
{
    return path[0] == '/' && ((strncmp(path, "/proc/", 6) == 0 && strstr(path, "/fd/") != NULL) ||
                              strncmp(path, "/dev/fd/", 8) == 0);
}

bool hg_gate_wants(const char *path)
{
    if (!hg_state.python || path == NULL)
        return false;
    if (hg_thread.code_open != 0 || hg_thread.run_file != 0 || hg_thread.code_next != 0)
        return true;
    size_t n = strlen(path);
    return is_source_name(path, n) || is_bytecode_name(path, n) || is_descriptor_name(path);
}

static int ask(const struct passage *p, struct hg_request *q, int fd)
{
    struct hg_ask a = {.request = *q, .path = p->path, .resolved = p->resolved, .fd = fd};
    a.request.kind = (uint32_t)p->kind;
    a.request.layer = (uint32_t)p->layer;
    a.root = p->root == NULL ? NULL : p->root->path;
    int code = hg_ask_guard(&a, NULL);
    hg_thread.blocked = code != 0;
    return code;
}

static int ask_trouble(const struct passage *p, enum hg_req_trouble trouble, int error, uint64_t size)
{
    struct hg_request q = {
        .flags = HG_REQ_NO_BYTES, .trouble = (uint32_t)trouble, .error = (uint32_t)error, .size = size};
    return ask(p, &q, -1) == 0 ? AS_ASKED : -EACCES; /* allowed: observe mode */
}

static int memfd_of_guard(void)
{
    int fd = -1;
    struct hg_ask ask = {
        .request = {.kind = HG_REQ_MEMFD, .flags = HG_REQ_NO_BYTES}, .fd = -1, .fds = &fd, .fds_room = 1};
    return hg_ask_guard(&ask, NULL) == 0 && ask.fds_got == 1 ? fd : -ENOMEM;
}

/* The cage lets no memory be made that could be run as a program. */
static int new_memfd(void)
{
    if (hg_caged()) {
        long sealed = syscall(SYS_memfd_create, "hubguard", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
        if (sealed >= 0 || errno != EINVAL)
            return sealed < 0 ? -errno : (int)sealed;
        return memfd_of_guard(); /* Linux before 6.3 */
    }
    long fd = syscall(SYS_memfd_create, "hubguard", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    if (fd < 0 && errno == EINVAL)
        fd = syscall(SYS_memfd_create, "hubguard", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd < 0 ? -errno : (int)fd;
}

/* Copy to the end of the file, at most `max` bytes. 0, or the trouble; *error is the errno of a read error.
 */
static enum hg_req_trouble copy_file(int from, int to, uint64_t max, uint64_t *size, int *error)
{
    char buffer[8192];
    for (*size = 0;;) {
        ssize_t n = sendfile(to, from, NULL, 1 << 20);
        if (n < 0 && (errno == EINVAL || errno == ENOSYS)) { /* a file system without splice */
            n = read(from, buffer, sizeof buffer);
            if (n > 0 && write(to, buffer, (size_t)n) != n)
                n = -1;
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            *error = errno;
            return HG_TROUBLE_READ;
        }
        if (n == 0)
            return HG_TROUBLE_NONE;
        *size += (uint64_t)n;
        if (*size > max)
            return HG_TROUBLE_TOO_BIG;
    }
}

/* A sealed copy with the file's mode and times, and a read-only descriptor of it: a shared mapping of a
 * write-sealed memfd needs one that cannot write (memfd_create(2)). 0 with both, or -errno. */
static int seal(int memfd, const struct stat *st, int flags, int *readonly)
{
    char link[48];
    struct timespec times[2] = {st->st_atim, st->st_mtim};
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", memfd);
    int fd = hg_sys_openat(AT_FDCWD, link, O_RDONLY | (flags & (O_CLOEXEC | O_NONBLOCK)), 0);
    if (fd < 0)
        return fd;
    (void)futimens(memfd, times);
    if (!hg_caged()) /* where the copy keeps the mode that it was made with: rw for all */
        (void)fchmod(memfd, st->st_mode & 0777);
    if (fcntl(memfd, F_ADD_SEALS, SEALS) != 0) {
        int code = -errno;
        hg_sys_close(fd);
        return code;
    }
    *readonly = fd;
    return 0;
}

/* open(2) promises the lowest free number; the gate used some on the way. */
static int lowest(int fd)
{
    int low = fcntl(fd, (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 ? F_DUPFD_CLOEXEC : F_DUPFD, 0);
    if (low < 0)
        return fd;
    if (low < fd) {
        hg_sys_close(fd);
        return low;
    }
    hg_sys_close(low);
    return fd;
}

static int close_cage(const char *path)
{
    int code = hg_cage_close(path);
    hg_thread.blocked = code != 0;
    return code;
}

/* `from` is an open, regular file that is guarded; it stays the caller's. Descriptor of the sealed copy, or
 * -errno. */
static int pass_file(const struct passage *p, int from, const struct stat *st, int flags)
{
    uint64_t max, size = 0;
    uint32_t bytecode;
    int error = 0, out = -1;
    if (hg_guard_limits(&max, &bytecode) != 0) {
        hg_thread.blocked = 1;
        return -EACCES;
    }
    if ((uint64_t)st->st_size > max)
        return ask_trouble(p, HG_TROUBLE_TOO_BIG, 0, (uint64_t)st->st_size);
    int memfd = new_memfd();
    if (memfd < 0)
        return ask_trouble(p, HG_TROUBLE_READ, -memfd, 0);
    enum hg_req_trouble trouble = copy_file(from, memfd, max, &size, &error);
    int code = 0;
    if (trouble != HG_TROUBLE_NONE) {
        code = ask_trouble(p, trouble, error, size);
    } else if ((code = seal(memfd, st, flags, &out)) != 0) {
        code = ask_trouble(p, HG_TROUBLE_READ, -code, size);
    } else {
        struct hg_request q = {.size = size};
        code = ask(p, &q, memfd);
    }
    hg_sys_close(memfd);
    /* Without an audit hook the first remote statement does not show: what may be read may run. */
    if (code == 0 && !hg_state.audited && p->kind != HG_REQ_NATIVE)
        code = close_cage(p->path);
    if (code != 0 && out >= 0)
        hg_sys_close(out);
    return code != 0 ? code : out;
}

/* Bytecode beside its source does not exist for Python (policy: ignore); elsewhere it is a file like any
 * other. */
static bool bytecode_hidden(const char *path, size_t n)
{
    uint64_t max;
    uint32_t mode;
    const char *dir = "/__pycache__/";
    return is_bytecode_name(path, n) && memmem(path, n, dir, strlen(dir)) != NULL &&
           (hg_guard_limits(&max, &mode) != 0 || mode == 0);
}

/* PYTHONPYCACHEPREFIX puts the bytecode of ROOT/x.py at PREFIX/ROOT/x.pyc: guarded bytecode at an unguarded
 * place. */
static bool bytecode_of_root(const char *path, size_t n)
{
    if (!is_bytecode_name(path, n))
        return false;
    const struct hg_roots *roots = hg_roots_now();
    for (size_t i = 0; i < roots->count; i++) {
        const struct hg_root *r = &roots->items[i];
        for (const char *at = path; (at = strstr(at, r->path)) != NULL; at++)
            if (at[r->len] == '/')
                return true;
    }
    return false;
}

static enum hg_req_kind kind_of(const char *path)
{
    size_t n = strlen(path);
    if (is_bytecode_name(path, n))
        return HG_REQ_BYTECODE;
    if (is_source_name(path, n) || is_path_configuration(path, n) ||
        hg_thread.run_file != 0) /* the interpreter shows no audit event with a main script's text */
        return HG_REQ_SOURCE;
    return HG_REQ_CODE;
}

/* `at` is an O_PATH descriptor of a guarded file (or of the link to it that is not followed). */
static int pass_path(struct passage *p, int at, int flags)
{
    struct stat st;
    char link[48];
    if (fstat(at, &st) != 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return AS_ASKED; /* listing a directory is no business of the gate */
    if (!S_ISREG(st.st_mode))
        return ask_trouble(p, HG_TROUBLE_NOT_REGULAR, 0, 0);
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", at);
    int from = hg_sys_openat(AT_FDCWD, link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
    if (from < 0)
        return from;
    int fd = pass_file(p, from, &st, flags);
    hg_sys_close(from);
    return fd;
}

static int absolute(int dirfd, const char *path, char *clean)
{
    char dir[PATH_MAX];
    if (path[0] == '/' || dirfd == AT_FDCWD)
        return hg_path_clean(path, NULL, clean, PATH_MAX);
    int n = hg_fd_path(dirfd, dir, sizeof dir);
    return n < 0 ? n : hg_path_clean(path, dir, clean, PATH_MAX);
}

/* Spelled under a root: look before opening, because opening a FIFO or a device there would already wait or
 * act. */
static int open_spelled(int dirfd, const char *path, int flags, struct passage p)
{
    char resolved[PATH_MAX];
    int at = hg_sys_openat(dirfd, path, O_PATH | O_CLOEXEC | (flags & O_NOFOLLOW), 0);
    if (at < 0)
        return at;
    int n = hg_fd_path(at, resolved, sizeof resolved);
    p.resolved = n < 0 ? p.path : resolved;
    int fd = pass_path(&p, at, flags);
    hg_sys_close(at);
    if (fd == AS_ASKED)
        return hg_sys_openat(dirfd, path, flags, 0);
    return fd < 0 ? fd : lowest(fd);
}

int hg_gate_unknown(const char *path)
{
    static atomic_int said;
    (void)snprintf(
        hg_thread.message, sizeof hg_thread.message,
        "hubguard: blocked %.3000s\n  where this file is cannot be checked: /proc is not mounted, or "
        "its path is too long\n",
        path);
    if (atomic_exchange(&said, 1) == 0)
        hg_say(hg_thread.message); /* once: openat(2) has no exception that could tell */
    hg_thread.blocked = 1;
    return -EACCES;
}

/* Not spelled under a root: open as asked, then see what was opened. */
static int open_elsewhere(int dirfd, const char *path, int flags, unsigned mode, struct passage p)
{
    char resolved[PATH_MAX];
    struct stat st;
    int fd = hg_sys_openat(dirfd, path, flags, mode);
    if (fd < 0)
        return fd;
    int n = hg_fd_path(fd, resolved, sizeof resolved);
    if (n < 0) { /* without /proc no link into a root could be seen */
        hg_sys_close(fd);
        return hg_gate_unknown(path);
    }
    p.root = hg_guarded_resolved(resolved);
    if (p.root == NULL && !bytecode_of_root(resolved, (size_t)n))
        return fd;
    if (p.kind == HG_REQ_CODE && is_descriptor_name(p.path) && p.code == 0) {
        p.kind = kind_of(resolved);
        if (p.kind == HG_REQ_CODE)
            return fd; /* data */
    }
    p.resolved = resolved;
    int code = -ENOENT;
    if (p.root != NULL && !bytecode_hidden(resolved, (size_t)n)) {
        if (fstat(fd, &st) != 0)
            code = -errno;
        else if (S_ISDIR(st.st_mode))
            code = AS_ASKED;
        else if (!S_ISREG(st.st_mode))
            code = ask_trouble(&p, HG_TROUBLE_NOT_REGULAR, 0, 0);
        else
            code = pass_file(&p, fd, &st, flags);
    }
    if (code == AS_ASKED)
        return fd;
    hg_sys_close(fd);
    return code < 0 ? code : lowest(code);
}

int hg_gate_open(int dirfd, const char *path, int flags, unsigned mode)
{
    char clean[PATH_MAX];
    hg_thread.blocked = 0;
    int n = absolute(dirfd, path, clean);
    int code = hg_thread.code_open + hg_thread.run_file + hg_thread.code_next;
    struct passage p = {.kind = kind_of(path),
                        .layer = hg_thread.code_open != 0 ? HG_LAYER_OPEN_CODE : HG_LAYER_LIBC,
                        .code = code,
                        .path =
                            n > 0 ? clean : path, /* no path: a directory that was removed, or a deep one */
                        .root = n > 0 ? hg_roots_match(hg_roots_now(), clean) : NULL};
    if (hg_state.broken && p.root == NULL) /* the roots are not all known: every source file may be guarded */
        return ask_trouble(&p, HG_TROUBLE_NONE, 0, 0);
    if (p.root == NULL)
        return open_elsewhere(dirfd, path, flags, mode, p);
    if (bytecode_hidden(clean, (size_t)n))
        return -ENOENT;
    return open_spelled(dirfd, path, flags, p);
}

int hg_gate_native(const char *path, int *fd_out)
{
    char clean[PATH_MAX], resolved[PATH_MAX];
    hg_thread.blocked = 0;
    const struct hg_root *root = hg_guarded(path, clean);
    if (root == NULL)
        return 0;
    if (root == &hg_root_unknown)
        return hg_gate_unknown(path);
    int at = hg_sys_openat(AT_FDCWD, path, O_PATH | O_CLOEXEC, 0);
    if (at < 0)
        return at;
    struct passage p = {
        .kind = HG_REQ_NATIVE, .layer = HG_LAYER_DLOPEN, .path = clean, .resolved = clean, .root = root};
    if (hg_fd_path(at, resolved, sizeof resolved) > 0)
        p.resolved = resolved;
    int fd = pass_path(&p, at, O_CLOEXEC);
    hg_sys_close(at);
    if (fd < 0 && fd != AS_ASKED)
        return fd;
    int code = close_cage(clean); /* its constructors run as soon as it is mapped */
    if (code != 0) {
        if (fd >= 0)
            hg_sys_close(fd);
        return code;
    }
    *fd_out = fd;
    return fd == AS_ASKED ? 0 : 1;
}

int hg_gate_stdin(void)
{
    char resolved[PATH_MAX];
    struct stat st;
    hg_thread.blocked = 0;
    if (fstat(STDIN_FILENO, &st) != 0 || !S_ISREG(st.st_mode))
        return 0;
    if (hg_fd_path(STDIN_FILENO, resolved, sizeof resolved) < 0)
        return hg_gate_unknown("standard input");
    struct passage p = {.kind = HG_REQ_SOURCE,
                        .layer = HG_LAYER_AUDIT,
                        .code = 1,
                        .path = resolved,
                        .resolved = resolved,
                        .root = hg_guarded_resolved(resolved)};
    off_t at = lseek(STDIN_FILENO, 0, SEEK_CUR);
    if (p.root == NULL)
        return 0;
    int from = hg_sys_openat(AT_FDCWD, "/proc/self/fd/0", O_RDONLY | O_CLOEXEC, 0);
    int fd = from < 0 ? ask_trouble(&p, HG_TROUBLE_READ, -from, 0) : pass_file(&p, from, &st, O_CLOEXEC);
    if (from >= 0)
        hg_sys_close(from);
    if (fd == AS_ASKED)
        return 0;
    if (fd < 0)
        return fd;
    int code = lseek(fd, at, SEEK_SET) == at && dup2(fd, STDIN_FILENO) >= 0 ? 0 : hg_gate_unknown(resolved);
    hg_sys_close(fd);
    return code;
}

static int memfd_of(const void *bytes, size_t size)
{
    int fd = new_memfd();
    if (fd < 0)
        return fd;
    for (size_t done = 0; done < size;) {
        ssize_t n = write(fd, (const char *)bytes + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            int code = n < 0 ? -errno : -EIO;
            hg_sys_close(fd);
            return code;
        }
        done += (size_t)n;
    }
    if (fcntl(fd, F_ADD_SEALS, SEALS) != 0) {
        int code = -errno;
        hg_sys_close(fd);
        return code;
    }
    return fd;
}

int hg_gate_bytes(enum hg_req_kind kind, const void *bytes, size_t size, unsigned flags, const char *path,
                  const struct hg_root *root, const char *frame, unsigned line)
{
    uint64_t max;
    uint32_t bytecode;
    int saved = errno;
    struct hg_ask a = {.request = {.kind = (uint32_t)kind,
                                   .layer = HG_LAYER_AUDIT,
                                   .flags = flags,
                                   .line = line,
                                   .size = size},
                       .path = path,
                       .resolved = path,
                       .frame = frame,
                       .root = root == NULL ? NULL : root->path,
                       .fd = -1};
    int code = hg_guard_limits(&max, &bytecode);
    if (code == 0) {
        if ((flags & HG_REQ_NO_BYTES) == 0 && size > max)
            a.request.trouble = HG_TROUBLE_TOO_BIG;
        else if ((flags & HG_REQ_NO_BYTES) == 0 && (a.fd = memfd_of(bytes, size)) < 0)
            a.request.trouble = HG_TROUBLE_READ;
        if (a.request.trouble != 0)
            a.request.flags |= HG_REQ_NO_BYTES;
        code = hg_ask_guard(&a, NULL);
        if (a.fd >= 0)
            hg_sys_close(a.fd);
    }
    hg_thread.blocked = code != 0;
    errno = saved;
    return code;
}
