/* SPDX-License-Identifier: Apache-2.0 */
/* Attribution: an act of remote code that the policy refuses becomes an exception that names the line. Only
 * for the message - the kernel refuses the act with or without it - so what cannot be told from an event is
 * left alone. The arguments of each event: https://docs.python.org/3/library/audit_events.html */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/addresses.h"
#include "shim/cage.h"
#include "shim/python_api.h"
#include "shim/shim.h"

static PyObject *item(PyObject *args, long i)
{
    return i >= 0 && i < hg_py.TupleSize(args) ? hg_py.TupleGetItem(args, i) : NULL;
}

static long number(PyObject *o, long otherwise)
{
    if (o == NULL || o == hg_py.None)
        return otherwise;
    long n = hg_py.AsLong(o);
    hg_py.ErrClear();
    return n;
}

/* One act on its way to the guard. */
struct act {
    hg_is_remote_fn *is_remote;
    const char *what;      /* "exec", ... */
    char object[PATH_MAX]; /* program, file, host */
};

/* Whether the event is an act of remote code. */
static bool is_act(const struct act *a, struct hg_remote *by)
{
    return hg_py_remote_frame(a->is_remote, by) && !by->imported;
}

/* For the call that follows in this thread. */
static void remember(const struct hg_remote *by)
{
    size_t n = strlen(by->file);
    if (n < sizeof hg_thread.act_file)
        memcpy(hg_thread.act_file, by->file, n + 1);
    hg_thread.act_line = by->line;
}

/* 0, or -EACCES with the guard's text in hg_thread.message. */
static int ask(const struct act *a)
{
    struct hg_remote by;
    if (!is_act(a, &by))
        return 0;
    struct hg_ask q = {
        .request = {.kind = HG_REQ_ACT, .flags = HG_REQ_NO_BYTES, .layer = HG_LAYER_AUDIT, .line = by.line},
        .path = a->object,
        .resolved = a->what,
        .frame = by.file,
        .fd = -1};
    int code = hg_ask_guard(&q, NULL);
    if (code == 0)
        remember(&by);
    return code;
}

/* --- programs --- */

static bool on_search_path(const char *name, char *out, size_t size)
{
    const char *dir = getenv("PATH");
    while (dir != NULL && *dir != '\0') {
        size_t n = strcspn(dir, ":");
        int length = snprintf(out, size, "%.*s/%s", n == 0 ? 1 : (int)n, n == 0 ? "." : dir, name);
        if (length > 0 && (size_t)length < size && access(out, X_OK) == 0)
            return true;
        dir += n + (dir[n] == ':');
    }
    return false;
}

static int program(struct act *a, const char *name)
{
    char found[PATH_MAX];
    if (name == NULL)
        return 0;
    a->what = "exec";
    if (strchr(name, '/') == NULL && on_search_path(name, found, sizeof found))
        name = found;
    if (hg_path_clean(name, NULL, a->object, PATH_MAX) <= 0 || access(a->object, F_OK) != 0)
        return 0; /* nothing there: a search for the program goes on elsewhere */
    return ask(a);
}

/* A path-like object, too. */
static int exec_object(struct act *a, PyObject *o)
{
    char room[PATH_MAX];
    const char *name = hg_py_text(o, room);
    if (name != NULL || o == NULL)
        return program(a, name);
    PyObject *path = hg_py.CallMethod(o, "__fspath__", NULL);
    hg_py.ErrClear();
    int code = program(a, hg_py_text(path, room));
    hg_py.DecRef(path);
    return code;
}

/* The first of a list. */
static int exec_first(struct act *a, PyObject *list)
{
    PyObject *o = list == NULL ? NULL : hg_py.CallMethod(list, "__getitem__", "i", 0);
    hg_py.ErrClear();
    int code = exec_object(a, o);
    hg_py.DecRef(o);
    return code;
}

static int on_popen(struct act *a, PyObject *args)
{
    return item(args, 0) == hg_py.None ? exec_first(a, item(args, 1)) : exec_object(a, item(args, 0));
}

static int on_exec_path(struct act *a, PyObject *args)
{
    return exec_object(a, item(args, 0));
}

static int on_spawn(struct act *a, PyObject *args)
{
    return exec_object(a, item(args, 1));
}

static int on_pty_spawn(struct act *a, PyObject *args)
{
    return exec_first(a, item(args, 0));
}

static int on_system(struct act *a, PyObject *args)
{
    (void)args;
    return program(a, "/bin/sh");
}

/* --- network --- */

static int on_connect(struct act *a, PyObject *args)
{
    char room[PATH_MAX];
    struct hg_remote by;
    PyObject *address = item(args, 1);
    if (hg_py_text(address, room) != NULL) { /* AF_UNIX: who listens there is seen when it is connected to */
        if (is_act(a, &by))
            remember(&by);
        return 0;
    }
    a->what = "connect";
    PyObject *host = address == NULL ? NULL : hg_py.CallMethod(address, "__getitem__", "i", 0);
    PyObject *port = host == NULL ? NULL : hg_py.CallMethod(address, "__getitem__", "i", 1);
    hg_py.ErrClear();
    const char *name = hg_py_text(host, room);
    long n = number(port, -1);
    int code = 0;
    if (name != NULL && n >= 0) {
        bool six = strchr(name, ':') != NULL;
        (void)snprintf(a->object, sizeof a->object, six ? "[%.1000s]:%ld" : "%.1000s:%ld", name, n);
        code = ask(a);
    }
    hg_py.DecRef(port);
    hg_py.DecRef(host);
    return code;
}

static int on_resolve(struct act *a, PyObject *args)
{
    char room[PATH_MAX];
    const char *name = hg_py_text(item(args, 0), room);
    if (name == NULL || name[0] == '\0' || hg_is_numeric_host(name))
        return 0;
    a->what = "resolve";
    (void)snprintf(a->object, sizeof a->object, "%.1000s", name);
    return ask(a);
}

/* --- files --- */

/* `name` as the kernel would take it: absolute, clean. False when that cannot be told. */
static bool absolute(const char *name, long dirfd, char *out)
{
    char dir[PATH_MAX];
    bool below = name[0] != '/' && dirfd >= 0;
    return (!below || hg_fd_path((int)dirfd, dir, sizeof dir) > 0) &&
           hg_path_clean(name, below ? dir : NULL, out, PATH_MAX) > 0;
}

/* Where the name leads counts: a link from a place that may be written leads out of it. */
static bool writable(const char *clean, bool follow)
{
    char resolved[PATH_MAX], parent[PATH_MAX];
    if (!follow) {
        (void)snprintf(parent, sizeof parent, "%s", clean);
        *strrchr(parent, '/') = '\0';
        clean = parent[0] == '\0' ? "/" : parent;
    }
    return hg_path_resolve(clean, resolved, sizeof resolved) > 0 && hg_cage_place('W', resolved);
}

/* What the kernel says without the cage when the last name is there, or is not: the act fails anyhow. */
enum expects { ANYTHING = 0, THERE, NOT_THERE };

static int write_to(struct act *a, PyObject *path, long dirfd, bool follow, enum expects expects)
{
    char room[PATH_MAX];
    const char *name = hg_py_text(path, room);
    if (name == NULL || name[0] == '\0' || !absolute(name, dirfd, a->object) || writable(a->object, follow))
        return 0;
    if (expects != ANYTHING &&
        (faccessat(AT_FDCWD, a->object, F_OK, AT_SYMLINK_NOFOLLOW) == 0) != (expects == THERE))
        return 0;
    a->what = "write";
    return ask(a);
}

static int on_open_file(struct act *a, PyObject *args)
{
    char room[PATH_MAX];
    const char *how = hg_py_text(item(args, 1), room);
    long flags = number(item(args, 2), 0);
    bool write = how != NULL ? strpbrk(how, "wax+") != NULL
                             : (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;
    if (write)
        return write_to(a, item(args, 0), -1, (flags & O_NOFOLLOW) == 0, ANYTHING);
    const char *name = hg_py_text(item(args, 0), room);
    if (name == NULL || !absolute(name, -1, a->object) || !hg_cage_place('D', a->object))
        return 0;
    a->what = "read";
    return ask(a);
}

/* Where the path of an event stands, where its directory descriptor does (-1: there is none), and whether the
 * call follows a link there. */
struct file_event {
    signed char path, dir;
    bool follow;
    enum expects expects;
};

static int on_file(struct act *a, PyObject *args, const struct file_event *e)
{
    return write_to(a, item(args, e->path), number(item(args, e->dir), -1), e->follow, e->expects);
}

static int on_rename(struct act *a, PyObject *args)
{
    static const struct file_event from = {0, 2, false, THERE}, to = {1, 3, false, ANYTHING};
    int code = on_file(a, args, &from);
    return code != 0 ? code : on_file(a, args, &to);
}

/* --- the table --- */

static const struct {
    const char *name;
    int (*handle)(struct act *, PyObject *);
    struct file_event file; /* without a function */
} acts[] = {
    {"open", on_open_file, {0}},
    {"subprocess.Popen", on_popen, {0}},
    {"os.exec", on_exec_path, {0}},
    {"os.posix_spawn", on_exec_path, {0}},
    {"os.spawn", on_spawn, {0}},
    {"os.system", on_system, {0}},
    {"pty.spawn", on_pty_spawn, {0}},
    {"socket.connect", on_connect, {0}},
    {"socket.getaddrinfo", on_resolve, {0}},
    {"socket.gethostbyname", on_resolve, {0}},
    {"os.rename", on_rename, {0}},
    {"os.remove", NULL, {0, 1, false, THERE}},
    {"os.mkdir", NULL, {0, 2, false, NOT_THERE}},
    {"os.rmdir", NULL, {0, 1, false, THERE}},
    {"os.link", NULL, {1, 3, false, NOT_THERE}},
    {"os.symlink", NULL, {1, 2, false, NOT_THERE}},
    {"os.truncate", NULL, {0, -1, true, THERE}},
    {"os.chmod", NULL, {0, 2, true, THERE}},
    {"os.chown", NULL, {0, 3, true, THERE}},
    {"os.setxattr", NULL, {0, -1, true, THERE}},
    {"os.removexattr", NULL, {0, -1, true, THERE}},
};

int hg_py_act(const char *event, PyObject *args, hg_is_remote_fn *is_remote)
{
    if (event[0] != 'o' && event[0] != 's' && event[0] != 'p')
        return 0;
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (strcmp(event, acts[i].name) != 0)
            continue;
        struct act a = {.is_remote = is_remote};
        int saved = errno;
        hg_thread.act_file[0] = '\0';
        int code = acts[i].handle != NULL ? acts[i].handle(&a, args) : on_file(&a, args, &acts[i].file);
        hg_py.ErrClear();
        errno = saved;
        return code;
    }
    return 0;
}
