/* SPDX-License-Identifier: Apache-2.0 */
/* Names and paths that the code itself knows, entered before any rule. */
#include <errno.h>
#include <string.h>

#include "scanner/smell_impl.h"

/* The left path is another name of the right one. */
static const char *const path_aliases[][2] = {
    {"__builtins__", "builtins"},
    {"__builtin__", "builtins"},
    {"posix", "os"},
    {"nt", "os"},
    {"posixpath", "os.path"},
    {"ntpath", "os.path"},
    {"_socket", "socket"},
    {"_pickle", "pickle"},
    {"cPickle", "pickle"},
    {"_io.open", "builtins.open"},
    {"io.open", "builtins.open"},
    {"os.popen2", "os.popen"},
    {"_io.BytesIO", "io.BytesIO"},
    {"_operator", "operator"},
    {"_functools", "functools"},
    {"_codecs", "codecs"},
    {"_thread.start_new", "_thread.start_new_thread"},
    {"importlib.__import__", "builtins.__import__"},
    {"importlib._bootstrap.__import__", "builtins.__import__"},
    {"pathlib.PosixPath", "pathlib.Path"},
    {"six.moves.builtins", "builtins"},
    {"six.moves.cPickle", "pickle"},
    {"urllib2.urlopen", "urllib.request.urlopen"},
    {"urllib.urlopen", "urllib.request.urlopen"},
    {"urllib.urlretrieve", "urllib.request.urlretrieve"},
};

/* Modules that stand for themselves wherever they are an attribute; `any` also of an unknown object. */
static const struct {
    const char *name;
    bool any;
} canon[] = {{"os", true},      {"subprocess", true}, {"builtins", true},  {"__builtins__", true},
             {"sys", false},    {"ctypes", true},     {"importlib", true}, {"pty", true},
             {"marshal", true}, {"shutil", false},    {"pickle", false},   {"base64", false},
             {"zlib", false},   {"codecs", false},    {"socket", false},   {"posix", true},
             {"runpy", false},  {"requests", false}};

/* As decorators these call what they decorate, at once or when the process ends. */
static const char *const callers[] = {"atexit.register",
                                      "builtins.map",
                                      "builtins.filter",
                                      "timeit.timeit",
                                      "threading.Thread",
                                      "threading._start_new_thread",
                                      "_thread.start_new_thread",
                                      "asyncio.run",
                                      "contextlib.ExitStack().callback",
                                      "signal.signal",
                                      "sys.settrace",
                                      "sys.setprofile",
                                      "sys.addaudithook",
                                      "weakref.finalize",
                                      "gc.callbacks.append"};

static const char *const known_names[SM_N_KNOWN_COUNT] = {[SM_N_EMPTY] = "",
                                                          [SM_N_CALL] = "()",
                                                          [SM_N_ITEM] = "[]",
                                                          [SM_N_ANY] = "?",
                                                          [SM_N_STAR] = "*",
                                                          [SM_N_SELF_NAME] = "__name__",
                                                          [SM_N_DICT] = "__dict__",
                                                          [SM_N_DUNDER_CALL] = "__call__",
                                                          [SM_N_FUNC] = "__func__",
                                                          [SM_N_WRAPPED] = "__wrapped__",
                                                          [SM_N_GETATTRIBUTE] = "__getattribute__",
                                                          [SM_N_GETATTR] = "__getattr__",
                                                          [SM_N_GETITEM] = "__getitem__",
                                                          [SM_N_GET] = "get",
                                                          [SM_N_POP] = "pop",
                                                          [SM_N_SETDEFAULT] = "setdefault",
                                                          [SM_N_APPEND] = "append",
                                                          [SM_N_BUILTINS] = "builtins",
                                                          [SM_N_SYS] = "sys",
                                                          [SM_N_MODULES] = "modules",
                                                          [SM_N_OS] = "os",
                                                          [SM_N_UPDATE] = "update",
                                                          [SM_N_INIT_SUBCLASS] = "__init_subclass__",
                                                          [SM_N_SUPER] = "super",
                                                          [SM_N_LOAD_MODULE] = "load_module",
                                                          [SM_N_LOADER] = "loader"};

int sm_known_setup(struct hg_smell_rules *r)
{
    for (uint32_t i = 0; i < SM_N_KNOWN_COUNT; i++) {
        if (sm_intern(&r->names, known_names[i], strlen(known_names[i])) != i)
            return -ENOMEM;
    }
    if (sm_rules_path(r, "builtins", 8) != SM_P_BUILTINS)
        return -ENOMEM;
    const char *handled;
    for (uint8_t i = 1; (handled = sm_builtin_path(i)) != NULL; i++) {
        uint32_t path = sm_rules_path(r, handled, strlen(handled));
        if (path == 0)
            return -ENOMEM;
        sm_path_own(&r->paths, path)->handler = i;
    }
    for (size_t i = 0; i < sizeof canon / sizeof *canon; i++) {
        uint32_t path = sm_rules_path(r, canon[i].name, strlen(canon[i].name));
        if (path == 0)
            return -ENOMEM;
        sm_path_own(&r->paths, path)->canon = canon[i].any ? 2 : 1;
    }
    for (size_t i = 0; i < sizeof callers / sizeof *callers; i++) {
        uint32_t path = sm_rules_path(r, callers[i], strlen(callers[i]));
        if (path == 0)
            return -ENOMEM;
        sm_path_own(&r->paths, path)->caller = 1;
    }
    for (size_t i = 0; i < sizeof path_aliases / sizeof *path_aliases; i++) {
        uint32_t to = sm_rules_path(r, path_aliases[i][1], strlen(path_aliases[i][1]));
        uint32_t from = sm_rules_path(r, path_aliases[i][0], strlen(path_aliases[i][0]));
        if (from == 0 || to == 0)
            return -ENOMEM;
        sm_path_own(&r->paths, from)->alias = to;
    }
    return 0;
}
