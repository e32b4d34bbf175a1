/* SPDX-License-Identifier: Apache-2.0 */
/* What Python's own functions give: modules and attributes by name, folded constants, decoded layers. */
#include <ctype.h>
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

static sm_val dynamic(struct call *c)
{
    c->s->wanted = true;
    return sm_make(SM_T_TAINT, SM_TAINT_DYNAMIC | c->args->taint);
}

/* --- what gives a module or an attribute by its name --- */

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
            return sm_tag(base) == SM_T_PATH ? dynamic(c) : sm_only_taint(c->args->taint);
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

enum { IMPORT_ROOT, IMPORT_FULL, IMPORT_COLON, IMPORT_SPEC };

static sm_val do_import(struct call *c)
{
    struct sm_text t;
    bool spec = c->extra == IMPORT_SPEC; /* a module's name, but nothing is imported yet */
    sm_val name = sm_arg(c->s, c->args, 0, spec ? "fullname" : "name");
    if (spec && name == SM_V_UNKNOWN)
        name = sm_arg(c->s, c->args, 0, "name");
    const sm_val *list;
    sm_val one, out = SM_V_UNKNOWN, names[SM_ALT_MAX];
    uint32_t n = sm_alts(c->s, name, &list, &one);
    memcpy(names, list, n * sizeof *list);
    for (uint32_t i = 0; i < n; i++) {
        if (!sm_text_whole(c->s, names[i], &t))
            return spec ? sm_only_taint(c->args->taint) : dynamic(c);
        uint32_t path = sm_path_dotted(c->s, t.text, t.len, c->extra == IMPORT_COLON ? ':' : '.');
        struct sm_args args = {.unknown = true};
        if (path != 0 && !spec)
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

/* --- constants --- */

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
        return sm_only_taint(c->args->taint);
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
        return sm_only_taint(c->args->taint);
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

static sm_val do_dict(struct call *c)
{
    struct sm_args *a = c->args;
    if (a->npos != 0 || a->unknown || a->nkw == 0) /* a copy: what it is made of is not followed */
        return sm_tainted(c->s, path_value(sm_path_child(c->s, c->path, SM_N_CALL)), a->taint);
    sm_val out = sm_items_make(c->s, SM_K_DICT, NULL, 0);
    for (uint32_t i = 0; out != SM_V_UNKNOWN && i < a->nkw; i++) {
        const struct sm_name *n = sm_name_at(&c->s->names, a->kw_name[i]);
        sm_val key = sm_text_make(c->s, n->text, n->len, &(struct sm_text){0});
        sm_items_push(c->s, out, (sm_val[]){key, a->kw[i]}, 2);
    }
    return out;
}

static sm_val do_reversed(struct call *c)
{
    sm_val v = sm_arg(c->s, c->args, 0, NULL);
    struct sm_text t;
    const struct sm_value *seq = sm_value_kind(c->s, v, SM_K_SEQ);
    uint32_t len = sm_text_whole(c->s, v, &t) ? t.len : seq != NULL && !seq->partial ? seq->len : 0;
    if (len == 0 || len > SM_SEQ_MAX || c->s->folded + 4 * len > SM_FOLD_MAX)
        return sm_only_taint(c->args->taint);
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
        return sm_only_taint(c->args->taint);
    sm_val out = sm_items_make(c->s, SM_K_SEQ, NULL, 0);
    for (uint32_t i = 0; out != SM_V_UNKNOWN && i < len; i++) {
        struct sm_args one = {.npos = 1, .total = 1, .pos = {sm_element(c->s, over, sm_int_make(i))}};
        one.taint = sm_taint(c->s, one.pos[0]);
        sm_val item = sm_invoke(c->s, f, &one, c->node);
        sm_items_push(c->s, out, &item, 1);
        if (!sm_is_const(c->s, item) || c->s->steps++ >= SM_STEP_MAX)
            return sm_only_taint(c->args->taint | sm_taint(c->s, item));
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
                                                                             : sm_only_taint(c->args->taint);
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

/* --- layers and code --- */

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
        return sm_only_taint(c->args->taint | SM_TAINT_DECODED);
    enum sm_codec codec = sm_codec_find(name.text, name.len);
    if (codec != 0)
        return sm_layer_decode(c->s, codec, v, c->node);
    if (!sm_text_whole(c->s, v, &t))
        return sm_only_taint(c->args->taint);
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
    {"importlib.util.find_spec", do_import, IMPORT_SPEC},
    {"importlib.find_loader", do_import, IMPORT_SPEC},
    {"importlib.util.spec_from_loader", do_import, IMPORT_SPEC},
    {"importlib.util.spec_from_file_location", do_import, IMPORT_SPEC},
    {"importlib.machinery.ModuleSpec", do_import, IMPORT_SPEC},
    {"importlib.machinery.PathFinder.find_spec", do_import, IMPORT_SPEC},
    {"importlib.machinery.BuiltinImporter.find_spec", do_import, IMPORT_SPEC},
    {"importlib.machinery.BuiltinImporter.load_module", do_import, IMPORT_SPEC},
    {"importlib._bootstrap._find_spec", do_import, IMPORT_SPEC},
    {"importlib._bootstrap._builtin_from_name", do_import, IMPORT_SPEC},
    {"importlib._bootstrap._load", do_same, 0},
    {"importlib._bootstrap._load_unlocked", do_same, 0},
    {"importlib.util.module_from_spec", do_same, 0},
    {"importlib.machinery.BuiltinImporter.create_module", do_same, 0},
    {"_imp.create_builtin", do_same, 0},
    {"importlib.reload", do_same, 0},
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
    {"builtins.dict", do_dict, 0},
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

_Static_assert(sizeof handlers / sizeof *handlers < UINT8_MAX, "a row's number is a byte");

const char *sm_builtin_path(uint8_t handler)
{
    return handler < sizeof handlers / sizeof *handlers ? handlers[handler].path : NULL;
}

sm_val sm_builtin(struct sm_scan *s, uint32_t path, uint8_t handler, struct sm_args *args, py_node n)
{
    struct call c = {s, args, n, path, handlers[handler].extra};
    return handlers[handler].run(&c);
}

bool sm_builtin_binds(uint8_t handler)
{
    return handlers[handler].run == do_partial;
}

sm_val sm_getattr(struct sm_scan *s, sm_val base, sm_val name, py_node n)
{
    struct sm_args args = {.npos = 2, .total = 2, .pos = {base, name}};
    struct call c = {s, &args, n, 0, 0};
    return do_getattr(&c);
}
