/* SPDX-License-Identifier: Apache-2.0 */
/* Calls: what is called, with what, and what comes back. */
#include <errno.h>
#include <string.h>

#include "scanner/smell_impl.h"

/* --- arguments --- */

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
            add_keyword(a, sm_node_name(s, c), v);
        else if (n->kind == PY_STARRED)
            unpack_positions(s, a, v);
        else if (n->kind == PY_DOUBLESTAR)
            unpack_keywords(s, a, v);
        else
            add_position(a, v);
    }
}

/* --- callees --- */

/* A function handed over is called sooner or later: as far as loading goes, now. */
static void reference(struct sm_scan *s, sm_val v, py_node n)
{
    const sm_val *list;
    sm_val one;
    enum sm_tag tag = sm_tag(v);
    if (v < SM_V_FIRST || (tag != SM_T_TABLE && tag != SM_T_PATH && tag != SM_T_FUNC && tag != SM_T_CLASS))
        return;
    sm_use_class(s, v);
    uint32_t count = sm_alts(s, v, &list, &one);
    for (uint32_t i = 0; i < count; i++) {
        const struct sm_value *partial = sm_value_kind(s, list[i], SM_K_PARTIAL);
        sm_val target = partial != NULL && partial->len > 0 ? partial->u.items[0] : list[i];
        if (sm_tag(target) == SM_T_FUNC)
            sm_edge(s, sm_payload(target));
        if (sm_tag(target) != SM_T_PATH)
            continue;
        uint32_t path = sm_payload(target), name = sm_path_at(&s->paths, path)->name;
        struct sm_args args;
        if (sm_event_known(s, SM_EV_CALL, path, name)) {
            args = (struct sm_args){.unknown = true};
            sm_event(s, SM_EV_CALL, path, name, &args, n);
        }
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
        uint32_t name = sm_node_name(s, p);
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

/* `loader.load_module(name)` of whatever loader; of find_spec(name).loader the name may be left out. */
static sm_val loaded_module(struct sm_scan *s, const struct sm_path *loader, const struct sm_args *a)
{
    struct sm_text t;
    uint32_t path = loader->name == SM_N_LOADER ? loader->parent : 0;
    sm_val name = sm_arg(s, a, 0, "fullname");
    if (path == 0 && sm_text_whole(s, name, &t))
        path = sm_path_dotted(s, t.text, t.len, '.');
    return path == 0 ? SM_V_UNKNOWN : sm_make(SM_T_PATH, path);
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
    if (handler == 0 || !sm_builtin_binds(handler))
        references(s, a, n);
    if (handler != 0)
        return sm_tainted(s, sm_builtin(s, path, handler, a, n), taint);
    bool getter = name == SM_N_GET || name == SM_N_POP || name == SM_N_SETDEFAULT || name == SM_N_GETITEM;
    bool modules = up->name == SM_N_MODULES && up->parent != 0;
    if (getter && (up->name == SM_N_DICT || modules))
        return sm_element(s, sm_make(SM_T_PATH, parent), sm_arg(s, a, 0, NULL));
    if ((name == SM_N_GETATTRIBUTE || name == SM_N_GETATTR) && parent != 0)
        return sm_getattr(s, sm_make(SM_T_PATH, parent), sm_arg(s, a, 0, NULL), n);
    if (name == SM_N_LOAD_MODULE) {
        sm_val module = loaded_module(s, up, a);
        if (module != SM_V_UNKNOWN)
            return module;
    }
    taint |= a->taint;
    if (!known)
        return sm_only_taint(taint);
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
    sm_val recv = a->recv;
    a->recv = callee;
    uint32_t taint = sm_event(s, SM_EV_CALL, 0, SM_N_CALL, a, n);
    a->recv = recv;
    references(s, a, n);
    return sm_only_taint(a->taint | sm_taint(s, callee) | (taint == UINT32_MAX ? 0 : taint));
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
        return sm_only_taint(a->taint | t.taint | (taint == UINT32_MAX ? 0 : taint));
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
    return taint == UINT32_MAX ? SM_V_UNKNOWN : sm_only_taint(a->taint | sm_taint(s, recv) | taint);
}

sm_val sm_call(struct sm_scan *s, py_node n)
{
    py_node func = sm_node(s, n)->first, list = sm_node(s, func)->next;
    const struct py_nodedata *f = sm_node(s, func);
    sm_val callee = s->val[func];
    struct sm_args args;
    sm_args_collect(s, list, &args);
    sm_escape_arguments(s, n);
    bool method = f->kind == PY_ATTRIBUTE;
    if (method && (callee == SM_V_UNKNOWN || sm_tag(callee) == SM_T_TAINT))
        return call_method(s, s->val[f->first], sm_node_name(s, func), &args, n);
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
