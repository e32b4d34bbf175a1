/* SPDX-License-Identifier: Apache-2.0 */
/* The few functions of CPython's C API that the hooks use, found by dlsym. Stable since 3.8; reference:
 * https://docs.python.org/3/c-api/ . Objects are opaque here. */
#ifndef HUBGUARD_SHIM_PYTHON_API_H
#define HUBGUARD_SHIM_PYTHON_API_H

#include <stdbool.h>

typedef struct hg_py_object PyObject;
typedef int hg_audit_fn(const char *event, PyObject *args, void *data);
typedef PyObject *hg_open_code_fn(PyObject *path, void *data);

struct hg_python_api {
    int (*AddAuditHook)(hg_audit_fn *, void *);
    int (*SetOpenCodeHook)(hg_open_code_fn *, void *);
    long (*TupleSize)(PyObject *);
    PyObject *(*TupleGetItem)(PyObject *, long);
    const char *(*AsUTF8)(PyObject *);
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

/* False when one is missing: not a CPython from 3.8 on. */
bool hg_python_api_load(void *handle, struct hg_python_api *out);

#endif
