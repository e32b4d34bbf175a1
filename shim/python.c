/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks inside the interpreter (PEP 578). What libc calls cannot show is seen here: the bytes that are
 * compiled, the code object that is about to run, the name under which an extension is loaded; and here a
 * block becomes an exception that says why. The C API is reached by dlsym, so that one library serves every
 * CPython from 3.8 on; functions with '#' formats are avoided, their ABI changed between versions. */
#include "shim/python_api.h"
#include "shim/shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "shim/cage.h"

struct hg_python_api hg_py;

/* --- names that have passed the gate --- */

/* Files whose source this process has compiled through the gate. A code object from a guarded root that is
 * not here was made some other way (foreign bytecode) and does not run. Open addressing, only ever filled. */
#define PASSED_SIZE 8192
static atomic_ullong passed[PASSED_SIZE];
static atomic_uint passed_count;

static bool has_passed(const char *name)
{
    uint64_t h = hg_hash(name, strlen(name), NULL, 0);
    for (size_t i = 0; i < PASSED_SIZE; i++) {
        uint64_t at = atomic_load(&passed[(h + i) % PASSED_SIZE]);
        if (at == h || at == 0)
            return at == h;
    }
    return false;
}

static void set_passed(const char *name)
{
    unsigned long long h = hg_hash(name, strlen(name), NULL, 0);
    if (atomic_load(&passed_count) >= PASSED_SIZE / 2 || has_passed(name))
        return; /* full: later files are blocked as ungated, never let through */
    for (size_t i = 0; i < PASSED_SIZE; i++) {
        unsigned long long zero = 0;
        if (atomic_compare_exchange_strong(&passed[(h + i) % PASSED_SIZE], &zero, h)) {
            atomic_fetch_add(&passed_count, 1);
            return;
        }
    }
}

/* --- small pieces of the C API --- */

static PyObject *item(PyObject *args, long i)
{
    if (hg_py.TupleSize(args) <= i)
        return NULL;
    return hg_py.TupleGetItem(args, i);
}

/* With errno for the places of the interpreter that print that instead of the exception (a main script, say).
 */
static int raise_blocked(PyObject **type)
{
    errno = EACCES;
    PyObject *value =
        type == hg_py.PermissionError ? hg_py.CallFunction(*type, "is", EACCES, hg_thread.message) : NULL;
    if (value != NULL) {
        hg_py.ErrSetObject(*type, value);
        hg_py.DecRef(value);
    } else {
        hg_py.ErrSetString(*type, hg_thread.message);
    }
    return -1;
}

/* A code object's file name, or NULL for what has none: '<string>' and its kind, unless there is such a file.
 */
static const char *file_name(PyObject *o, char *room)
{
    const char *name = hg_py_text(o, room);
    if (name == NULL || name[0] == '\0')
        return NULL;
    if (name[0] == '<' && strchr(name, '/') == NULL && access(name, F_OK) != 0)
        return NULL;
    return name;
}

static bool is_remote(const char *file)
{
    return has_passed(file) || (file[0] == '/' && hg_roots_match(hg_roots_now(), file) != NULL);
}

/* Whether any remote statement has run in this process: before that no frame can be remote. */
static atomic_int remote_ran;

/* --- events --- */

/* The bytes that compile() is given. A str that is not valid UTF-8 (lone surrogates) comes as a new object.
 */
struct source {
    const char *bytes;
    size_t size;
    unsigned flags;
    PyObject *owned;
};

static bool source_of(PyObject *o, struct source *out)
{
    long size = 0;
    *out = (struct source){0};
    if (hg_py.IsInstance(o, hg_py.UnicodeType) == 1) {
        out->owned = hg_py.Encode(o, "utf-8", "surrogatepass");
        o = out->owned;
        out->flags = HG_REQ_TEXT;
    } else if (hg_py.IsInstance(o, hg_py.BytesType) != 1) {
        out->owned = hg_py.BytesFromObject(o); /* bytearray, memoryview; an AST has no bytes */
        o = out->owned;
    }
    if (o == NULL) {
        hg_py.ErrClear();
        return false;
    }
    out->bytes = hg_py.BytesAsString(o);
    size = hg_py.BytesSize(o);
    out->size = size < 0 ? 0 : (size_t)size;
    return out->bytes != NULL;
}

/* An AST is judged by the source it stands for (ast.unparse, 3.9). NULL when there is none. */
static PyObject *unparse(PyObject *tree)
{
    PyObject *ast = hg_py.ImportModule("ast");
    PyObject *text = ast == NULL ? NULL : hg_py.CallMethod(ast, "unparse", "O", tree);
    hg_py.DecRef(ast);
    if (text == NULL)
        hg_py.ErrClear();
    return text;
}

static int judge_source(PyObject *source, const char *name, const struct hg_root *root,
                        const struct hg_remote *by)
{
    struct source s;
    PyObject *text = NULL;
    enum hg_req_kind kind = root != NULL ? HG_REQ_COMPILE : HG_REQ_DYNAMIC;
    bool have = source_of(source, &s);
    if (have && by != NULL && by->imported && hg_py_bytes_of_file(name, 0, s.bytes, s.size)) {
        hg_py.DecRef(s.owned);
        return 0; /* an installed module that has no bytecode yet */
    }
    if (!have && (text = unparse(source)) != NULL)
        have = source_of(text, &s);
    int code = have ? hg_gate_bytes(kind, s.bytes, s.size, s.flags, name, root, by == NULL ? NULL : by->file,
                                    by == NULL ? 0 : by->line)
                    : hg_gate_bytes(HG_REQ_UNGATED, NULL, 0, HG_REQ_NO_BYTES, name, root,
                                    by == NULL ? NULL : by->file, by == NULL ? 0 : by->line);
    hg_py.DecRef(have ? s.owned : NULL);
    hg_py.DecRef(text);
    return code;
}

static int on_compile(PyObject *args)
{
    char clean[PATH_MAX], room[PATH_MAX];
    struct hg_remote by;
    PyObject *source = item(args, 0);
    const char *name = file_name(item(args, 1), room);
    if (source == NULL || source == hg_py.None)
        return 0; /* the main script: it was gated when it was opened */
    const struct hg_root *root = name == NULL ? NULL : hg_guarded_event(name, clean);
    bool dynamic = root == NULL && atomic_load(&remote_ran) != 0 && hg_py_remote_frame(is_remote, &by);
    if (root == NULL && !dynamic)
        return 0;
    const char *shown = root != NULL ? clean : name != NULL ? name : "<unknown>";
    int code = root == &hg_root_unknown ? hg_gate_unknown(name)
                                        : judge_source(source, shown, root, dynamic ? &by : NULL);
    if (code != 0)
        return raise_blocked(hg_py.ImportError);
    if (root != NULL)
        set_passed(name);
    return 0;
}

static int on_exec(PyObject *args)
{
    char clean[PATH_MAX], room[PATH_MAX];
    PyObject *code = item(args, 0);
    PyObject *attribute = code == NULL ? NULL : hg_py.GetAttr(code, "co_filename");
    const char *name = file_name(attribute, room);
    const struct hg_root *root = name == NULL ? NULL : hg_guarded_event(name, clean);
    int result = 0;
    hg_thread.run_file = 0;
    if (root != NULL) {
        bool may = has_passed(name);
        if (!may && root == &hg_root_unknown)
            (void)hg_gate_unknown(name);
        else if (!may)
            may = hg_gate_bytes(HG_REQ_UNGATED, NULL, 0, HG_REQ_NO_BYTES, clean, root, NULL, 0) == 0;
        if (may && hg_cage_close(clean) == 0)
            atomic_store(&remote_ran, 1);
        else
            result = raise_blocked(hg_py.ImportError);
    }
    hg_py.DecRef(attribute);
    if (result == 0)
        hg_py.ErrClear();
    return result;
}

/* Reading a guarded file as data: the exception tells what libc's errno cannot. libc's own hook decides again
 * when the file is opened, on the bytes that are there then. */
static int on_open(PyObject *args)
{
    PyObject *path = item(args, 0), *mode = item(args, 1);
    char clean[PATH_MAX], room[PATH_MAX], mode_room[PATH_MAX];
    const char *name = hg_py_text(path, room), *how = hg_py_text(mode, mode_room);
    if (hg_thread.code_open != 0 || name == NULL)
        return 0;
    /* Only a file that is spelled under a root can be worth the look at the frame, and the importer never
     * uses os.open. */
    bool importing = how != NULL && (name[0] != '/' || hg_roots_match(hg_roots_now(), name) != NULL) &&
                     hg_py_importer_calls();
    hg_thread.code_next = importing;
    if (!hg_gate_wants(name))
        return 0;
    if (how == NULL && name[0] != '/')
        return 0; /* os.open with a dir_fd, which the event does not show */
    if (how != NULL && (strpbrk(how, "wax+") != NULL))
        return 0;
    long flags = mode == hg_py.None && item(args, 2) != NULL ? hg_py.AsLong(item(args, 2)) : 0;
    hg_py.ErrClear();
    if ((flags & (O_ACCMODE | O_PATH | O_DIRECTORY | O_CREAT)) != 0 || hg_guarded_hint(name, clean) == NULL)
        return 0;
    int fd = hg_gate_open(AT_FDCWD, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (fd >= 0)
        hg_sys_close(fd);
    return fd < 0 && hg_thread.blocked ? raise_blocked(importing ? hg_py.ImportError : hg_py.PermissionError)
                                       : 0;
}

static int native(PyObject *path, PyObject **type)
{
    char room[PATH_MAX];
    const char *name = hg_py_text(path, room);
    int fd;
    if (name == NULL || strchr(name, '/') == NULL)
        return 0;
    int code = hg_gate_native(name, &fd);
    if (code == 1)
        hg_sys_close(fd);
    return code < 0 && hg_thread.blocked ? raise_blocked(type) : 0;
}

static int on_import(PyObject *args)
{
    return native(item(args, 1), hg_py.ImportError); /* a path only for extension modules */
}

static int on_ctypes_dlopen(PyObject *args)
{
    return native(item(args, 0), hg_py.PermissionError);
}

#define PYC_HEADER 16 /* bytes before the marshalled code in a .pyc (PEP 552) */

/* Bytecode that remote code brings along, or that lies in an archive that zipimport reads, has no source that
 * was judged. */
static int on_marshal(PyObject *args)
{
    struct hg_remote by;
    struct source s;
    char path[PATH_MAX];
    if (atomic_load(&remote_ran) == 0 || !hg_py_remote_frame(is_remote, &by))
        return 0;
    PyObject *data = item(args, 0);
    int code = -1;
    if (data != NULL && source_of(data, &s)) {
        const char *file = by.imported ? hg_py_bytecode_path(path) : NULL;
        if (file != NULL && hg_py_bytes_of_file(file, PYC_HEADER, s.bytes, s.size))
            code = 0; /* that of an installed module */
        else
            code = hg_gate_bytes(HG_REQ_BYTECODE, s.bytes, s.size, 0, by.file, NULL, by.file, by.line);
        hg_py.DecRef(s.owned);
    } else {
        code = hg_gate_bytes(HG_REQ_UNGATED, NULL, 0, HG_REQ_NO_BYTES, by.file, NULL, by.file, by.line);
    }
    return code != 0 ? raise_blocked(hg_py.ImportError) : 0;
}

static int on_run_file(PyObject *args)
{
    char clean[PATH_MAX], room[PATH_MAX];
    const char *name = hg_py_text(item(args, 0), room);
    if (name != NULL && hg_guarded(name, clean) != NULL) {
        hg_thread.run_file = 1; /* gated whatever it is called */
        set_passed(name);
    }
    return 0;
}

static int on_run_stdin(PyObject *args)
{
    (void)args;
    return hg_gate_stdin() != 0 ? raise_blocked(hg_py.ImportError) : 0;
}

static const struct {
    const char *name;
    int (*handle)(PyObject *args);
} events[] = {{"exec", on_exec},
              {"compile", on_compile},
              {"open", on_open},
              {"import", on_import},
              {"marshal.loads", on_marshal},
              {"ctypes.dlopen", on_ctypes_dlopen},
              {"cpython.run_stdin", on_run_stdin},
              {"cpython.run_file", on_run_file}};

/* An act of remote code in the cage. */
static int act(const char *event, PyObject *args)
{
    if (!hg_caged())
        return 0; /* the policy, or its mode, wants no cage */
    hg_thread.in_hook = 1;
    int result = hg_py_act(event, args, is_remote) == 0 ? 0 : raise_blocked(hg_py.PermissionError);
    hg_thread.in_hook = 0;
    return result;
}

static int audit(const char *event, PyObject *args, void *data)
{
    (void)data;
    if (hg_thread.in_hook != 0)
        return 0;
    int result = 0;
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        if (event[0] != events[i].name[0] || strcmp(event, events[i].name) != 0)
            continue;
        hg_thread.in_hook = 1;
        result = events[i].handle(args);
        hg_thread.in_hook = 0;
        break;
    }
    return result == 0 && atomic_load_explicit(&remote_ran, memory_order_relaxed) != 0 ? act(event, args)
                                                                                       : result;
}

/* What the interpreter imports, runs or zip-imports comes through here: io.open, with every name taken for
 * code. */
static PyObject *open_code(PyObject *path, void *data)
{
    (void)data;
    PyObject *io = hg_py.ImportModule("_io");
    if (io == NULL)
        return NULL;
    hg_thread.code_open++;
    hg_thread.blocked = 0;
    PyObject *file = hg_py.CallMethod(io, "open", "Os", path, "rb");
    hg_thread.code_open--;
    hg_py.DecRef(io);
    if (file == NULL && hg_thread.blocked) {
        hg_py.ErrClear();
        hg_py.ErrSetString(*hg_py.ImportError, hg_thread.message);
    }
    return file;
}

/* --- set-up --- */

bool hg_python_attach(void *handle)
{
    /* Before 3.8, or an interpreter that hides its C API: the libc hooks alone have to do. */
    if (dlsym(handle, "PySys_AddAuditHook") == NULL || !hg_python_api_load(handle, &hg_py))
        return dlsym(handle, "Py_Main") != NULL;
    if (hg_py.AddAuditHook(audit, NULL) != 0 || hg_py.SetOpenCodeHook(open_code, NULL) != 0) {
        hg_say("hubguard: the interpreter refuses the hooks; remote code is blocked\n");
        hg_state.broken = true;
    }
    hg_state.audited = true;
    return true;
}
