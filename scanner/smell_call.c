/* SPDX-License-Identifier: Apache-2.0 */
/* Calls: what is called, with what, and what comes back. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/smell_impl.h"

struct call {
    struct sm_scan *s;
    struct sm_args *args;
    py_node node;
    uint32_t path;
    uint8_t extra; /* of the handler's table row */
};
typedef sm_val handler_fn(struct call *c);

sm_val sm_arg(const struct sm_scan *s, const struct sm_args *a, unsigned pos, const char *keyword)
{
    if (pos < a->npos)
        return a->pos[pos];
    for (uint32_t i = 0; keyword != NULL && i < a->nkw; i++) {
        const struct sm_name *n = sm_name_at(&s->names, a->kw_name[i]);
        if (n->len == strlen(keyword) && memcmp(n->text, keyword, n->len) == 0)
            return a->kw[i];
    }
    return SM_V_UNKNOWN;
}

static sm_val path_value(uint32_t path)
{
    return path == 0 ? SM_V_UNKNOWN : sm_make(SM_T_PATH, path);
}

static sm_val taint_only(uint32_t taint)
{
    return taint == 0 ? SM_V_UNKNOWN : sm_make(SM_T_TAINT, taint);
}

static sm_val dynamic(struct call *c)
{
    c->s->wanted = true;
    return sm_make(SM_T_TAINT, SM_TAINT_DYNAMIC | c->args->taint);
}

/* --- what gives a module or an attribute by its name
 * ------------------------------------------------------------- */

static void load_event(struct call *c, sm_val v)
{
    struct sm_args args = {.unknown = true};
    if (sm_tag(v) == SM_T_PATH)
        sm_event(c->s, SM_EV_LOAD, sm_payload(v), sm_path_at(&c->s->paths, sm_payload(v))->name, &args,
                 c->node);
}

static sm_val do_getattr(struct call *c)
{
    sm_val base = sm_arg(c->s, c->args, 0, NULL), name = sm_arg(c->s, c->args, 1, NULL);
    const sm_val *list;
    sm_val one, out = SM_V_UNKNOWN, names[SM_ALT_MAX];
    uint32_t n = sm_alts(c->s, name, &list, &one);
    memcpy(names, list, n * sizeof *list);
    for (uint32_t i = 0; i < n; i++) {
        struct sm_text t;
        sm_val v;
        if (!sm_text_whole(c->s, names[i],
                           &t)) /* of an object of its own, code may well pick a method by name */
            return sm_tag(base) == SM_T_PATH ? dynamic(c) : taint_only(c->args->taint);
        v = sm_attribute(c->s, base, sm_scan_intern(c->s, t.text, t.len));
        load_event(c, v);
        out = sm_join(c->s, out, v);
    }
    return sm_join(c->s, out, sm_arg(c->s, c->args, 2, NULL));
}

static sm_val do_setattr(struct call *c)
{
    struct sm_text t;
    if (sm_text_whole(c->s, sm_arg(c->s, c->args, 1, NULL), &t))
        sm_store_attribute(c->s, c->node, sm_arg(c->s, c->args, 0, NULL), sm_scan_intern(c->s, t.text, t.len),
                           sm_arg(c->s, c->args, 2, NULL));
    return SM_V_NONE;
}

enum { IMPORT_ROOT, IMPORT_FULL, IMPORT_COLON };

static sm_val do_import(struct call *c)
{
    struct sm_text t;
    sm_val name = sm_arg(c->s, c->args, 0, "name");
    const sm_val *list;
    sm_val one, out = SM_V_UNKNOWN, names[SM_ALT_MAX];
    uint32_t n = sm_alts(c->s, name, &list, &one);
    memcpy(names, list, n * sizeof *list);
    for (uint32_t i = 0; i < n; i++) {
        if (!sm_text_whole(c->s, names[i], &t))
            return dynamic(c);
        uint32_t path = sm_path_dotted(c->s, t.text, t.len, c->extra == IMPORT_COLON ? ':' : '.');
        struct sm_args args = {.unknown = true};
        if (path != 0)
            sm_event(c->s, SM_EV_IMPORT, path, sm_path_at(&c->s->paths, path)->name, &args, c->node);
        const struct sm_value *from = sm_value_kind(c->s, sm_arg(c->s, c->args, 3, "fromlist"), SM_K_SEQ);
        const char *dot = memchr(t.text, '.', t.len);
        if (c->extra == IMPORT_ROOT && dot != NULL && (from == NULL || from->len == 0))
            path = sm_path_dotted(c->s, t.text, (size_t)(dot - t.text), '.');
        out = sm_join(c->s, out, path_value(path));
    }
    return out;
}

static sm_val scope_value(struct sm_scan *s, uint32_t scope)
{
    sm_val v = sm_items_make(s, SM_K_SCOPE, NULL, 0);
    if (v != SM_V_UNKNOWN)
        s->values[v].scope = scope;
    return v;
}

enum { VARS_MODULE, VARS_HERE };

static sm_val do_vars(struct call *c)
{
    if (c->args->npos > 0)
        return sm_attribute(c->s, c->args->pos[0], SM_N_DICT);
    return scope_value(c->s, c->extra == VARS_MODULE ? 0 : c->s->scope);
}

enum { GETTER_ATTRIBUTE, GETTER_METHOD };

static sm_val do_getter(struct call *c)
{
    sm_val name = sm_arg(c->s, c->args, 0, NULL);
    struct sm_text t;
    if (!sm_text_whole(c->s, name, &t))
        return dynamic(c);
    sm_val v = sm_items_make(c->s, SM_K_GETTER, &name, 1);
    if (v != SM_V_UNKNOWN)
        c->s->values[v].bytes = c->extra == GETTER_METHOD;
    return v;
}

static sm_val do_partial(struct call *c)
{
    return sm_items_make(c->s, SM_K_PARTIAL, c->args->pos, c->args->npos);
}

static sm_val do_super(struct call *c)
{
    uint32_t klass = c->s->scopes[c->s->scope].klass;
    bool method = c->s->unit > 1 && klass != 0; /* a function's scope: number + 1 */
    return method && c->s->classes[klass - 1].base != 0
               ? sm_make(SM_T_INST, c->s->classes[klass - 1].base - 1)
               : SM_V_UNKNOWN;
}

/* --- constants
 * ---------------------------------------------------------------------------------------------------- */

static sm_val do_chr(struct call *c)
{
    return sm_fold_chr(c->s, sm_arg(c->s, c->args, 0, NULL));
}

static sm_val do_ord(struct call *c)
{
    return sm_fold_ord(c->s, sm_arg(c->s, c->args, 0, NULL));
}

static sm_val do_bytes(struct call *c)
{
    sm_val v = sm_arg(c->s, c->args, 0, NULL);
    struct sm_text t;
    if (!sm_text_get(c->s, v, &t))
        return sm_fold_chars(c->s, v, true);
    t.bytes = c->extra != 0;
    return sm_text_make(c->s, t.text, t.len, &t);
}

static sm_val do_str(struct call *c)
{
    sm_val v = sm_arg(c->s, c->args, 0, NULL);
    struct sm_text t;
    if (!sm_text_get(c->s, v, &t))
        return taint_only(c->args->taint);
    t.bytes = false;
    return sm_text_make(c->s, t.text, t.len, &t);
}

static sm_val do_int(struct call *c)
{
    struct sm_text t;
    long long n, base = 10;
    sm_val v = sm_arg(c->s, c->args, 0, NULL);
    if (sm_int_get(c->s, v, &n))
        return sm_int_make(n);
    if (!sm_text_whole(c->s, v, &t) || t.len == 0 || t.len > 15)
        return taint_only(c->args->taint);
    char digits[16];
    memcpy(digits, t.text, t.len);
    digits[t.len] = '\0';
    (void)sm_int_get(c->s, sm_arg(c->s, c->args, 1, "base"), &base);
    char *from = digits, *end = digits;
    if (base == 2 && digits[0] == '0' && tolower((unsigned char)digits[1]) == 'b')
        from += 2;
    n = base < 0 || base == 1 || base > 36 ? 0 : strtoll(from, &end, (int)base);
    return end == digits || *end != '\0' ? SM_V_UNKNOWN : sm_int_make(n);
}

static sm_val do_same(struct call *c)
{
    return sm_arg(c->s, c->args, 0, NULL);
}

static sm_val do_reversed(struct call *c)
{
    sm_val v = sm_arg(c->s, c->args, 0, NULL);
    struct sm_text t;
    const struct sm_value *seq = sm_value_kind(c->s, v, SM_K_SEQ);
    uint32_t len = sm_text_whole(c->s, v, &t) ? t.len : seq != NULL && !seq->partial ? seq->len : 0;
    if (len == 0 || len > SM_SEQ_MAX || c->s->folded + 4 * len > SM_FOLD_MAX)
        return taint_only(c->args->taint);
    sm_val out = sm_items_make(c->s, SM_K_SEQ, NULL, 0);
    c->s->folded += 4 * len;
    for (uint32_t i = len; out != SM_V_UNKNOWN && i-- > 0;) {
        sm_val item = sm_element(c->s, v, sm_int_make(i));
        sm_items_push(c->s, out, &item, 1);
    }
    return out;
}

static sm_val do_map(struct call *c)
{
    sm_val f = sm_arg(c->s, c->args, 0, NULL), over = sm_arg(c->s, c->args, 1, NULL);
    const struct sm_value *seq = sm_value_kind(c->s, over, SM_K_SEQ);
    struct sm_text t;
    uint32_t len = sm_text_whole(c->s, over, &t) ? t.len : seq != NULL && !seq->partial ? seq->len : 0;
    if (sm_tag(f) != SM_T_PATH || len == 0 || c->args->npos != 2)
        return taint_only(c->args->taint);
    sm_val out = sm_items_make(c->s, SM_K_SEQ, NULL, 0);
    for (uint32_t i = 0; out != SM_V_UNKNOWN && i < len; i++) {
        struct sm_args one = {.npos = 1, .total = 1, .pos = {sm_element(c->s, over, sm_int_make(i))}};
        one.taint = sm_taint(c->s, one.pos[0]);
        sm_val item = sm_invoke(c->s, f, &one, c->node);
        sm_items_push(c->s, out, &item, 1);
        if (!sm_is_const(c->s, item) || c->s->steps++ >= SM_STEP_MAX)
            return taint_only(c->args->taint | sm_taint(c->s, item));
    }
    return out;
}

static sm_val do_unbound(struct call *c)
{
    struct sm_args rest = *c->args;
    sm_val out;
    if (rest.npos == 0)
        return SM_V_UNKNOWN;
    rest.npos--;
    memmove(rest.pos, rest.pos + 1, rest.npos * sizeof *rest.pos);
    uint32_t name = sm_path_at(&c->s->paths, c->path)->name;
    return sm_fold_method(c->s, c->args->pos[0], name, &rest, c->node, &out) ? out
                                                                             : taint_only(c->args->taint);
}

static sm_val do_path_join(struct call *c)
{
    struct sm_scan *s = c->s;
    sm_val out = sm_arg(s, c->args, 0, NULL), slash = sm_text_make(s, "/", 1, &(struct sm_text){0});
    for (uint32_t i = 1; i < c->args->npos; i++) {
        struct sm_text t;
        bool absolute = sm_text_get(s, c->args->pos[i], &t) && t.len > 0 && t.text[0] == '/';
        out = absolute ? c->args->pos[i] : sm_fold_concat(s, sm_fold_concat(s, out, slash), c->args->pos[i]);
    }
    return out;
}

static sm_val do_home(struct call *c)
{
    return sm_text_make(c->s, "~", 1, &(struct sm_text){0});
}

/* --- layers and code
 * ---------------------------------------------------------------------------------------------- */

static sm_val do_decode(struct call *c)
{
    enum sm_codec codec = (enum sm_codec)c->extra;
    struct sm_text t;
    sm_val alt = sm_arg(c->s, c->args, 1, "altchars");
    if (codec == SM_C_BASE64 && sm_text_whole(c->s, alt, &t) && t.len == 2 && t.text[0] == '-')
        codec = SM_C_BASE64URL;
    return sm_layer_decode(c->s, codec, sm_arg(c->s, c->args, 0, "data"), c->node);
}

static sm_val do_codecs(struct call *c)
{
    struct sm_text name, t;
    sm_val v = sm_arg(c->s, c->args, 0, NULL);
    if (!sm_text_whole(c->s, sm_arg(c->s, c->args, 1, "encoding"), &name))
        return taint_only(c->args->taint | SM_TAINT_DECODED);
    enum sm_codec codec = sm_codec_find(name.text, name.len);
    if (codec != 0)
        return sm_layer_decode(c->s, codec, v, c->node);
    if (!sm_text_whole(c->s, v, &t))
        return taint_only(c->args->taint);
    t.bytes = c->extra != 0;
    return sm_text_make(c->s, t.text, t.len, &t);
}

/* eval() of nothing but a dotted name is that name. */
static sm_val evaluated(struct call *c, sm_val v)
{
    struct sm_text t;
    if (!sm_text_whole(c->s, v, &t) || t.len == 0 || t.len > 128)
        return dynamic(c);
    for (uint32_t i = 0; i < t.len; i++) {
        if (!isalnum((unsigned char)t.text[i]) && t.text[i] != '_' && t.text[i] != '.')
            return dynamic(c);
    }
    sm_val out = SM_V_UNKNOWN;
    for (uint32_t at = 0; at < t.len;) {
        const char *dot = memchr(t.text + at, '.', t.len - at);
        uint32_t len = dot == NULL ? t.len - at : (uint32_t)(dot - t.text) - at;
        uint32_t name = sm_scan_intern(c->s, t.text + at, len);
        out = at == 0 ? sm_lookup(c->s, name) : sm_attribute(c->s, out, name);
        at += len + 1;
    }
    return sm_join(c->s, out, sm_make(SM_T_TAINT, SM_TAINT_DYNAMIC));
}

static sm_val do_exec(struct call *c)
{
    sm_val v = sm_arg(c->s, c->args, 0, NULL);
    sm_layer_execute(c->s, v, c->node);
    return evaluated(c, v);
}

static sm_val do_compile(struct call *c)
{
    sm_val v = sm_arg(c->s, c->args, 0, "source");
    sm_layer_execute(c->s, v, c->node);
    return v;
}

static const struct {
    const char *path;
    handler_fn *run;
    uint8_t extra;
} handlers[] = {
    {"", NULL, 0},
    {"builtins.getattr", do_getattr, 0},
    {"builtins.object.__getattribute__", do_getattr, 0},
    {"builtins.type.__getattribute__", do_getattr, 0},
    {"inspect.getattr_static", do_getattr, 0},
    {"builtins.setattr", do_setattr, 0},
    {"builtins.object.__setattr__", do_setattr, 0},
    {"builtins.__import__", do_import, IMPORT_ROOT},
    {"importlib.import_module", do_import, IMPORT_FULL},
    {"importlib._bootstrap._gcd_import", do_import, IMPORT_FULL},
    {"pydoc.locate", do_import, IMPORT_FULL},
    {"pydoc.safeimport", do_import, IMPORT_FULL},
    {"pkgutil.resolve_name", do_import, IMPORT_COLON},
    {"builtins.globals", do_vars, VARS_MODULE},
    {"builtins.locals", do_vars, VARS_HERE},
    {"builtins.vars", do_vars, VARS_HERE},
    {"operator.attrgetter", do_getter, GETTER_ATTRIBUTE},
    {"operator.methodcaller", do_getter, GETTER_METHOD},
    {"functools.partial", do_partial, 0},
    {"builtins.super", do_super, 0},
    {"builtins.chr", do_chr, 0},
    {"builtins.unichr", do_chr, 0},
    {"builtins.ord", do_ord, 0},
    {"builtins.bytes", do_bytes, 1},
    {"builtins.bytearray", do_bytes, 1},
    {"builtins.memoryview", do_bytes, 1},
    {"builtins.str", do_str, 0},
    {"builtins.int", do_int, 0},
    {"builtins.list", do_same, 0},
    {"builtins.tuple", do_same, 0},
    {"builtins.iter", do_same, 0},
    {"builtins.next", do_same, 0},
    {"builtins.staticmethod", do_same, 0},
    {"builtins.classmethod", do_same, 0},
    {"builtins.reversed", do_reversed, 0},
    {"builtins.map", do_map, 0},
    {"builtins.str.join", do_unbound, 0},
    {"builtins.str.replace", do_unbound, 0},
    {"builtins.str.format", do_unbound, 0},
    {"builtins.str.lower", do_unbound, 0},
    {"builtins.str.encode", do_unbound, 0},
    {"builtins.bytes.decode", do_unbound, 0},
    {"builtins.bytes.join", do_unbound, 0},
    {"os.path.join", do_path_join, 0},
    {"os.path.expanduser", do_same, 0},
    {"os.path.expandvars", do_same, 0},
    {"os.path.abspath", do_same, 0},
    {"os.path.normpath", do_same, 0},
    {"os.path.realpath", do_same, 0},
    {"os.fspath", do_same, 0},
    {"os.fsencode", do_same, 0},
    {"pathlib.Path", do_path_join, 0},
    {"pathlib.PurePath", do_path_join, 0},
    {"pathlib.Path.home", do_home, 0},
    {"io.BytesIO", do_same, 0},
    {"io.StringIO", do_same, 0},
    {"base64.b64decode", do_decode, SM_C_BASE64},
    {"base64.standard_b64decode", do_decode, SM_C_BASE64},
    {"base64.decodebytes", do_decode, SM_C_BASE64},
    {"base64.decodestring", do_decode, SM_C_BASE64},
    {"base64.urlsafe_b64decode", do_decode, SM_C_BASE64URL},
    {"base64.b32decode", do_decode, SM_C_BASE32},
    {"base64.b16decode", do_decode, SM_C_HEX},
    {"base64.b85decode", do_decode, SM_C_BASE85},
    {"base64.a85decode", do_decode, SM_C_ASCII85},
    {"binascii.a2b_base64", do_decode, SM_C_BASE64},
    {"binascii.unhexlify", do_decode, SM_C_HEX},
    {"binascii.a2b_hex", do_decode, SM_C_HEX},
    {"builtins.bytes.fromhex", do_decode, SM_C_HEX},
    {"builtins.bytearray.fromhex", do_decode, SM_C_HEX},
    {"zlib.decompress", do_decode, SM_C_ZLIB},
    {"zlib.decompressobj().decompress", do_decode, SM_C_ZLIB},
    {"gzip.decompress", do_decode, SM_C_GZIP},
    {"bz2.decompress", do_decode, SM_C_BZ2},
    {"bz2.BZ2Decompressor().decompress", do_decode, SM_C_BZ2},
    {"lzma.decompress", do_decode, SM_C_LZMA},
    {"lzma.LZMADecompressor().decompress", do_decode, SM_C_LZMA},
    {"marshal.loads", do_decode, SM_C_MARSHAL},
    {"codecs.decode", do_codecs, 0},
    {"codecs.encode", do_codecs, 1},
    {"builtins.exec", do_exec, 0},
    {"builtins.eval", do_exec, 0},
    {"builtins.compile", do_compile, 0},
};

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
                                                          [SM_N_SUPER] = "super"};

int sm_known_setup(struct hg_smell_rules *r)
{
    for (uint32_t i = 0; i < SM_N_KNOWN_COUNT; i++) {
        if (sm_intern(&r->names, known_names[i], strlen(known_names[i])) != i)
            return -ENOMEM;
    }
    if (sm_rules_path(r, "builtins", 8) != SM_P_BUILTINS)
        return -ENOMEM;
    for (size_t i = 1; i < sizeof handlers / sizeof *handlers; i++) {
        uint32_t path = sm_rules_path(r, handlers[i].path, strlen(handlers[i].path));
        if (path == 0)
            return -ENOMEM;
        sm_path_own(&r->paths, path)->handler = (uint8_t)i;
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

/* --- arguments
 * ------------------------------------------------------------------------------------------------------ */

static void add_keyword(struct sm_args *a, uint32_t name, sm_val v)
{
    if (a->nkw < sizeof a->kw / sizeof *a->kw) {
        a->kw_name[a->nkw] = name;
        a->kw[a->nkw++] = v;
    } else {
        a->unknown = true;
    }
}

static void add_position(struct sm_args *a, sm_val v)
{
    if (a->npos < sizeof a->pos / sizeof *a->pos)
        a->pos[a->npos++] = v;
}

static void unpack_keywords(struct sm_scan *s, struct sm_args *a, sm_val v)
{
    const struct sm_value *dict = sm_value_kind(s, v, SM_K_DICT);
    if (dict == NULL || dict->partial) {
        a->unknown = true;
        return;
    }
    struct sm_value copy = *dict;
    for (uint32_t i = 0; i < copy.len && i < 64; i++) {
        struct sm_text t;
        if (sm_text_whole(s, copy.u.items[2 * i], &t))
            add_keyword(a, sm_scan_intern(s, t.text, t.len), copy.u.items[2 * i + 1]);
        else
            a->unknown = true;
    }
}

static void unpack_positions(struct sm_scan *s, struct sm_args *a, sm_val v)
{
    const struct sm_value *seq = sm_value_kind(s, v, SM_K_SEQ);
    if (seq == NULL || seq->partial) {
        a->unknown = true;
        return;
    }
    for (uint32_t i = 0; i < seq->len && i < 64; i++)
        add_position(a, seq->u.items[i]);
}

void sm_args_collect(struct sm_scan *s, py_node list, struct sm_args *a)
{
    a->npos = a->nkw = a->total = a->taint = 0;
    a->unknown = false;
    a->recv = SM_V_UNKNOWN;
    for (py_node c = list == 0 ? 0 : sm_node(s, list)->first; c != 0; c = sm_node(s, c)->next) {
        const struct py_nodedata *n = sm_node(s, c);
        sm_val v = s->val[c];
        a->taint |= sm_taint(s, v);
        a->total++;
        if (n->kind == PY_KEYWORD)
            add_keyword(a, sm_scan_intern(s, n->text, n->text_len), v);
        else if (n->kind == PY_STARRED)
            unpack_positions(s, a, v);
        else if (n->kind == PY_DOUBLESTAR)
            unpack_keywords(s, a, v);
        else
            add_position(a, v);
    }
}

/* --- callees
 * ----------------------------------------------------------------------------------------------------------
 */

/* A function handed over is called sooner or later: as far as loading goes, now. */
static void reference(struct sm_scan *s, sm_val v, py_node n)
{
    const sm_val *list;
    sm_val one;
    enum sm_tag tag = sm_tag(v);
    if (v < SM_V_FIRST || (tag != SM_T_TABLE && tag != SM_T_PATH && tag != SM_T_FUNC))
        return;
    uint32_t count = sm_alts(s, v, &list, &one);
    for (uint32_t i = 0; i < count; i++) {
        const struct sm_value *partial = sm_value_kind(s, list[i], SM_K_PARTIAL);
        sm_val target = partial != NULL && partial->len > 0 ? partial->u.items[0] : list[i];
        struct sm_args args = {.unknown = true};
        if (sm_tag(target) == SM_T_FUNC)
            sm_edge(s, sm_payload(target));
        else if (sm_tag(target) == SM_T_PATH)
            sm_event(s, SM_EV_CALL, sm_payload(target), sm_path_at(&s->paths, sm_payload(target))->name,
                     &args, n);
    }
}

static void references(struct sm_scan *s, const struct sm_args *a, py_node n)
{
    for (uint32_t i = 0; i < a->npos; i++)
        reference(s, a->pos[i], n);
    for (uint32_t i = 0; i < a->nkw; i++)
        reference(s, a->kw[i], n);
}

static void pass_arguments(struct sm_scan *s, uint32_t func, const struct sm_args *a, bool method)
{
    if (s->funcs[func].scope == UINT32_MAX) {
        uint32_t scope =
            sm_scope_new(s, s->funcs[func].parent_scope, SM_SCOPE_FUNCTION, func, s->funcs[func].klass);
        s->funcs[func].scope = scope;
    }
    const struct py_nodedata *n = sm_node(s, s->funcs[func].node);
    py_node params = py_child(s->tree, s->funcs[func].node, n->kind == PY_FUNCDEF ? 1 : 0);
    uint32_t pos = 0;
    for (py_node p = sm_elements(s, params); p != 0; p = sm_node(s, p)->next) {
        const struct py_nodedata *d = sm_node(s, p);
        if (d->kind != PY_PARAM || (method && p == sm_elements(s, params)))
            continue;
        uint32_t name = sm_scan_intern(s, d->text, d->text_len);
        sm_val v = pos < a->npos && d->op == 0 ? a->pos[pos] : SM_V_UNKNOWN;
        for (uint32_t k = 0; v == SM_V_UNKNOWN && k < a->nkw; k++)
            v = a->kw_name[k] == name ? a->kw[k] : v;
        pos++;
        struct sm_text t;
        if (v != SM_V_UNKNOWN && (sm_telling(s, v) || sm_text_get(s, v, &t) || d->op == 0))
            sm_bind(s, s->funcs[func].scope, name, v, true);
    }
}

static sm_val call_function(struct sm_scan *s, uint32_t func, const struct sm_args *a, bool method)
{
    sm_edge(s, func);
    pass_arguments(s, func, a, method);
    s->funcs[func].ret_read = true;
    return s->funcs[func].ret;
}

static sm_val call_path(struct sm_scan *s, uint32_t path, struct sm_args *a, py_node n)
{
    const struct sm_path *p = sm_path_at(&s->paths, path);
    uint32_t parent = p->parent, name = p->name;
    uint8_t handler = p->handler;
    bool known = p->known;
    const struct sm_path *up = sm_path_at(&s->paths, parent);
    uint32_t taint = sm_event(s, SM_EV_CALL, path, name, a, n);
    if (taint == UINT32_MAX)
        return SM_V_UNKNOWN; /* a sanitizer: nothing comes through, nothing is called */
    if (handler == 0 || handlers[handler].run != do_partial)
        references(s, a, n);
    if (handler != 0) {
        struct call c = {s, a, n, path, handlers[handler].extra};
        return sm_tainted(s, handlers[handler].run(&c), taint);
    }
    bool getter = name == SM_N_GET || name == SM_N_POP || name == SM_N_SETDEFAULT || name == SM_N_GETITEM;
    bool modules = up->name == SM_N_MODULES && up->parent != 0;
    if (getter && (up->name == SM_N_DICT || modules))
        return sm_element(s, sm_make(SM_T_PATH, parent), sm_arg(s, a, 0, NULL));
    if ((name == SM_N_GETATTRIBUTE || name == SM_N_GETATTR) && parent != 0) {
        struct sm_args both = {
            .npos = 2, .total = 2, .pos = {sm_make(SM_T_PATH, parent), sm_arg(s, a, 0, NULL)}};
        struct call c = {s, &both, n, path, 0};
        return do_getattr(&c);
    }
    taint |= a->taint;
    if (!known)
        return taint_only(taint);
    return sm_tainted(s, sm_make(SM_T_PATH, sm_path_child(s, path, SM_N_CALL)), taint);
}

static sm_val call_class(struct sm_scan *s, uint32_t klass, const struct sm_args *a)
{
    static const char *const makers[] = {"__init__", "__new__"};
    sm_edge_class(s, klass);
    for (size_t i = 0; i < 2; i++) {
        sm_val maker = sm_class_attr(s, klass, sm_scan_intern(s, makers[i], strlen(makers[i])));
        if (sm_tag(maker) == SM_T_FUNC)
            call_function(s, sm_payload(maker), a, true);
    }
    return sm_make(SM_T_INST, klass);
}

static sm_val call_any(struct sm_scan *s, sm_val callee, struct sm_args *a, py_node n)
{
    struct sm_args with = *a;
    with.recv = callee;
    uint32_t taint = sm_event(s, SM_EV_CALL, 0, SM_N_CALL, &with, n);
    references(s, a, n);
    return taint_only(a->taint | sm_taint(s, callee) | (taint == UINT32_MAX ? 0 : taint));
}

static sm_val call_getter(struct sm_scan *s, const struct sm_value *getter, struct sm_args *a, py_node n)
{
    struct sm_text t;
    bool method = getter->bytes;
    if (!sm_text_whole(s, getter->u.items[0], &t))
        return SM_V_UNKNOWN;
    sm_val v = sm_arg(s, a, 0, NULL);
    for (uint32_t at = 0; at <= t.len;) {
        const char *dot = memchr(t.text + at, '.', t.len - at);
        uint32_t len = dot == NULL ? t.len - at : (uint32_t)(dot - t.text) - at;
        v = sm_attribute(s, v, sm_scan_intern(s, t.text + at, len));
        at += len + 1;
    }
    if (!method || sm_tag(v) != SM_T_PATH)
        return v;
    struct sm_args unknown = {.unknown = true};
    return call_path(s, sm_payload(v), &unknown, n);
}

static sm_val call_one(struct sm_scan *s, sm_val callee, struct sm_args *a, py_node n)
{
    const struct sm_value *value = sm_value_at(s, callee);
    switch (sm_tag(callee)) {
    case SM_T_PATH:
        return call_path(s, sm_payload(callee), a, n);
    case SM_T_FUNC: {
        references(s, a, n);
        uint32_t func = sm_payload(callee);
        return call_function(s, func, a, s->funcs[func].klass != 0);
    }
    case SM_T_CLASS:
        references(s, a, n);
        return call_class(s, sm_payload(callee), a);
    case SM_T_INST: {
        sm_val hook = sm_class_attr(s, sm_payload(callee), SM_N_DUNDER_CALL);
        references(s, a, n);
        return sm_tag(hook) == SM_T_FUNC ? call_function(s, sm_payload(hook), a, true) : SM_V_UNKNOWN;
    }
    default:
        break;
    }
    if (value != NULL && value->kind == SM_K_GETTER) {
        struct sm_value copy = *value;
        return call_getter(s, &copy, a, n);
    }
    return call_any(s, callee, a, n);
}

sm_val sm_invoke(struct sm_scan *s, sm_val callee, struct sm_args *a, py_node n)
{
    const struct sm_value *partial;
    for (unsigned hops = 0;
         hops < 8 && (partial = sm_value_kind(s, callee, SM_K_PARTIAL)) != NULL && partial->len > 0; hops++) {
        struct sm_args merged = *a;
        merged.npos = 0;
        for (uint32_t i = 1; i < partial->len; i++)
            add_position(&merged, partial->u.items[i]);
        for (uint32_t i = 0; i < a->npos; i++)
            add_position(&merged, a->pos[i]);
        merged.taint |= partial->taint;
        callee = partial->u.items[0];
        *a = merged;
    }
    const sm_val *list;
    sm_val one, items[SM_ALT_MAX], out = SM_V_UNKNOWN;
    uint32_t count = sm_alts(s, callee, &list, &one);
    memcpy(items, list, count * sizeof *list);
    for (uint32_t i = 0; i < count; i++)
        out = sm_join(s, out, call_one(s, items[i], a, n));
    return out;
}

/* A method of a value that is not a path: folding, containers, or only a name that rules know. */
static sm_val call_method(struct sm_scan *s, sm_val recv, uint32_t name, struct sm_args *a, py_node n)
{
    sm_val out = SM_V_UNKNOWN;
    const struct sm_value *box = sm_value_at(s, recv);
    struct sm_text t;
    a->recv = recv;
    if (sm_text_get(s, recv, &t)) {
        if (sm_fold_method(s, recv, name, a, n, &out))
            return out;
        uint32_t path = sm_path_find(s->paths.base, 0, sm_name_find(s->names.base, "pathlib", 7));
        path = path == 0 ? 0 : sm_path_child(s, path, sm_scan_intern(s, "Path", 4));
        path = path == 0 ? 0 : sm_path_child(s, sm_path_child(s, path, SM_N_CALL), name);
        uint32_t taint = path == 0 ? 0 : sm_event(s, SM_EV_CALL, path, name, a, n);
        return taint_only(a->taint | t.taint | (taint == UINT32_MAX ? 0 : taint));
    }
    if (box != NULL && (box->kind == SM_K_SEQ || box->kind == SM_K_DICT || box->kind == SM_K_SCOPE)) {
        if (name == SM_N_GET || name == SM_N_POP || name == SM_N_SETDEFAULT || name == SM_N_GETITEM)
            return sm_element(s, recv, sm_arg(s, a, 0, NULL));
        if (name == SM_N_APPEND && box->kind == SM_K_SEQ && a->npos == 1)
            sm_items_push(s, recv, a->pos, 1);
    }
    uint32_t taint = sm_event(s, SM_EV_CALL, 0, name, a, n);
    references(s, a, n);
    sm_edge_name(s, name);
    return taint == UINT32_MAX ? SM_V_UNKNOWN : taint_only(a->taint | sm_taint(s, recv) | taint);
}

sm_val sm_call(struct sm_scan *s, py_node n)
{
    py_node func = sm_node(s, n)->first, list = sm_node(s, func)->next;
    const struct py_nodedata *f = sm_node(s, func);
    sm_val callee = s->val[func];
    struct sm_args args;
    sm_args_collect(s, list, &args);
    bool method = f->kind == PY_ATTRIBUTE;
    if (method && (callee == SM_V_UNKNOWN || sm_tag(callee) == SM_T_TAINT))
        return call_method(s, s->val[f->first], sm_scan_intern(s, f->text, f->text_len), &args, n);
    if (method)
        args.recv = s->val[f->first];
    if (callee == SM_V_UNKNOWN && f->kind != PY_NAME)
        s->wanted = true;
    return sm_invoke(s, callee, &args, n);
}

/* Decorators run when the definition does. One of this file calls what it decorates, as far as we can tell;
 * one from elsewhere only if rules know it as a caller. */
void sm_decorate(struct sm_scan *s, py_node decorators, sm_val decorated)
{
    for (py_node d = decorators == 0 ? 0 : sm_elements(s, decorators); d != 0; d = sm_node(s, d)->next) {
        const sm_val *list;
        sm_val one, items[SM_ALT_MAX];
        uint32_t count = sm_alts(s, s->val[d], &list, &one);
        memcpy(items, list, count * sizeof *list);
        for (uint32_t i = 0; i < count; i++) {
            struct sm_args args = {.npos = 1, .total = 1, .pos = {decorated}};
            bool local = sm_tag(items[i]) == SM_T_FUNC || sm_tag(items[i]) == SM_T_CLASS;
            uint32_t path = sm_tag(items[i]) == SM_T_PATH ? sm_payload(items[i]) : 0;
            if (path != 0)
                sm_event(s, SM_EV_CALL, path, sm_path_at(&s->paths, path)->name, &args, d);
            if (path != 0 && sm_path_at(&s->paths, path)->caller)
                reference(s, decorated, d);
            if (local)
                call_one(s, items[i], &args, d);
        }
    }
}
