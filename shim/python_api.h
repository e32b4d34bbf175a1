/* SPDX-License-Identifier: Apache-2.0 */
/* The few functions of CPython's C API that the hooks use, found by dlsym. Stable since 3.8; reference:
 * https://docs.python.org/3/c-api/ . Objects are opaque here. */
#ifndef HUBGUARD_SHIM_PYTHON_API_H
#define HUBGUARD_SHIM_PYTHON_API_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct hg_py_object PyObject;
typedef int hg_audit_fn(const char *event, PyObject *args, void *data);
typedef PyObject *hg_open_code_fn(PyObject *path, void *data);

struct hg_python_api {
    int (*AddAuditHook)(hg_audit_fn *, void *);
    int (*SetOpenCodeHook)(hg_open_code_fn *, void *);
    long (*TupleSize)(PyObject *);
    PyObject *(*TupleGetItem)(PyObject *, long);
    const char *(*AsUTF8)(PyObject *);
    PyObject *(*EncodeFSDefault)(PyObject *);
    PyObject *(*Encode)(PyObject *, const char *, const char *);
    char *(*BytesAsString)(PyObject *);
    long (*BytesSize)(PyObject *);
    PyObject *(*BytesFromObject)(PyObject *);
    int (*IsInstance)(PyObject *, PyObject *);
    PyObject *(*GetAttr)(PyObject *, const char *);
    long (*AsLong)(PyObject *);
    PyObject *(*ImportModule)(const char *);
    PyObject *(*CallMethod)(PyObject *, const char *, const char *, ...);
    PyObject *(*EvalGetFrame)(void);
    void (*IncRef)(PyObject *);
    void (*DecRef)(PyObject *);
    void (*ErrClear)(void);
    void (*ErrSetString)(PyObject *, const char *);
    void (*ErrSetObject)(PyObject *, PyObject *);
    PyObject *(*CallFunction)(PyObject *, const char *, ...);
    PyObject *UnicodeType, *BytesType, *None;
    PyObject **ImportError, **PermissionError; /* filled by the interpreter when it starts */
};

extern struct hg_python_api hg_py;

/* A name as the kernel takes it: bytes of a str in the file system's encoding, or of a bytes object. Borrowed
 * from the object, or in `room` (PATH_MAX bytes); NULL (and no error set) for anything else. */
const char *hg_py_text(PyObject *o, char *room);

/* --- whose doing an event is (python_frames.c) --- */

struct hg_remote {
    char file[PATH_MAX];
    unsigned line;
    bool imported; /* the import system stands between that frame and the event: see hg_py_bytes_of_file() */
};

/* Whether the file of a frame is remote code. */
typedef bool hg_is_remote_fn(const char *file);
/* The nearest remote frame on whose behalf the event happens. */
bool hg_py_remote_frame(hg_is_remote_fn *is_remote, struct hg_remote *out);
/* Whether the import system itself is what calls. */
bool hg_py_importer_calls(void);
/* The path of the bytecode that the import system is about to load, in `room`; NULL when it does not say. */
const char *hg_py_bytecode_path(char *room);
/* Whether a file that is not guarded holds exactly these bytes from offset `skip` on. */
bool hg_py_bytes_of_file(const char *path, unsigned skip, const char *bytes, size_t size);

/* --- what it does (python_acts.c) --- */

/* Under the cage: ask about an act of remote code before it is done. 0, or -EACCES with the text of the
 * exception in hg_thread.message. */
int hg_py_act(const char *event, PyObject *args, hg_is_remote_fn *is_remote);

/* False when one is missing: not a CPython from 3.8 on. */
bool hg_python_api_load(void *handle, struct hg_python_api *out);

#endif
