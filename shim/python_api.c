/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/python_api.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *symbol;
    size_t offset;
} symbols[] = {
#define ROW(field, name)                                                                                     \
    {                                                                                                        \
        name, offsetof(struct hg_python_api, field)                                                          \
    }
    ROW(AddAuditHook, "PySys_AddAuditHook"),
    ROW(SetOpenCodeHook, "PyFile_SetOpenCodeHook"),
    ROW(TupleSize, "PyTuple_Size"),
    ROW(TupleGetItem, "PyTuple_GetItem"),
    ROW(AsUTF8, "PyUnicode_AsUTF8"),
    ROW(EncodeFSDefault, "PyUnicode_EncodeFSDefault"),
    ROW(Encode, "PyUnicode_AsEncodedString"),
    ROW(BytesAsString, "PyBytes_AsString"),
    ROW(BytesSize, "PyBytes_Size"),
    ROW(BytesFromObject, "PyBytes_FromObject"),
    ROW(IsInstance, "PyObject_IsInstance"),
    ROW(GetAttr, "PyObject_GetAttrString"),
    ROW(AsLong, "PyLong_AsLong"),
    ROW(ImportModule, "PyImport_ImportModule"),
    ROW(CallMethod, "PyObject_CallMethod"),
    ROW(EvalGetFrame, "PyEval_GetFrame"),
    ROW(IncRef, "Py_IncRef"),
    ROW(DecRef, "Py_DecRef"),
    ROW(ErrClear, "PyErr_Clear"),
    ROW(ErrSetString, "PyErr_SetString"),
    ROW(ErrSetObject, "PyErr_SetObject"),
    ROW(CallFunction, "PyObject_CallFunction"),
    ROW(UnicodeType, "PyUnicode_Type"),
    ROW(BytesType, "PyBytes_Type"),
    ROW(None, "_Py_NoneStruct"),
    ROW(ImportError, "PyExc_ImportError"),
    ROW(PermissionError, "PyExc_PermissionError"),
#undef ROW
};

bool hg_python_api_load(void *handle, struct hg_python_api *out)
{
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        void *at = dlsym(handle, symbols[i].symbol);
        if (at == NULL)
            return false;
        memcpy((char *)out + symbols[i].offset, &at, sizeof at);
    }
    return true;
}
