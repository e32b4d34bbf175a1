/* SPDX-License-Identifier: Apache-2.0 */
/* Scopes: which value a name has, and what stores and imports bind. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/smell_impl.h"

uint32_t sm_scope_new(struct sm_scan *s, uint32_t parent, enum sm_scope_kind kind, uint32_t unit,
                      uint32_t klass)
{
    if (sm_grow((void **)&s->scopes, &s->scope_capacity, s->scope_count, sizeof *s->scopes) != 0) {
        s->failed = -ENOMEM;
        return 0;
    }
    s->scopes[s->scope_count] = (struct sm_scope){0, parent, unit, klass, (uint8_t)kind};
    return s->scope_count++;
}

static uint32_t var_hash(uint32_t scope, uint32_t name)
{
    return (uint32_t)((((uint64_t)scope << 32 | name) * 0x9E3779B97F4A7C15ULL) >> 32);
}

static struct sm_var *var_find(const struct sm_scan *s, uint32_t scope, uint32_t name)
{
    if ((s->scopes[scope].seen & (uint64_t)1 << (name & 63)) == 0)
        return NULL;
    for (uint32_t at = var_hash(scope, name) & s->var_mask; s->var_slots[at] != 0;
         at = (at + 1) & s->var_mask) {
        struct sm_var *v = &s->vars[s->var_slots[at] - 1];
        if (v->scope == scope && v->name == name)
            return v;
    }
    return NULL;
}

static int vars_rehash(struct sm_scan *s)
{
    uint32_t size = s->var_mask == 0 ? 1024 : (s->var_mask + 1) * 2;
    uint32_t *slots = calloc(size, sizeof *slots);
    if (slots == NULL)
        return -ENOMEM;
    free(s->var_slots);
    s->var_slots = slots;
    s->var_mask = size - 1;
    for (uint32_t i = 0; i < s->var_count; i++) {
        uint32_t at = var_hash(s->vars[i].scope, s->vars[i].name) & s->var_mask;
        while (slots[at] != 0)
            at = (at + 1) & s->var_mask;
        slots[at] = i + 1;
    }
    return 0;
}

static struct sm_var *var_add(struct sm_scan *s, uint32_t scope, uint32_t name)
{
    if (sm_grow((void **)&s->vars, &s->var_capacity, s->var_count, sizeof *s->vars) != 0 ||
        ((s->var_slots == NULL || s->var_count * 2 > s->var_mask) && vars_rehash(s) != 0)) {
        s->failed = -ENOMEM;
        return NULL;
    }
    s->scopes[scope].seen |= (uint64_t)1 << (name & 63);
    s->vars[s->var_count] = (struct sm_var){.scope = scope, .name = name};
    uint32_t at = var_hash(scope, name) & s->var_mask;
    while (s->var_slots[at] != 0)
        at = (at + 1) & s->var_mask;
    s->var_slots[at] = ++s->var_count;
    return &s->vars[s->var_count - 1];
}

static sm_val builtin(struct sm_scan *s, uint32_t name)
{
    uint32_t root = SM_P_BUILTINS;
    uint32_t path = name < s->names.first ? sm_path_find(s->paths.base, root, name) : 0;
    if (path == 0 && name == SM_N_BUILTINS)
        path = root;
    if (path == 0 && name < s->names.first) { /* __builtins__ */
        uint32_t top = sm_path_find(s->paths.base, 0, name);
        path = top != 0 && sm_path_at(&s->paths, top)->alias == root ? root : 0;
    }
    return path == 0 ? SM_V_UNKNOWN : sm_make(SM_T_PATH, path);
}

static sm_val outermost(struct sm_scan *s, uint32_t name)
{
    for (uint32_t i = 0; i < s->star_count; i++) {
        uint32_t path = sm_path_child(s, s->stars[i], name);
        if (path != 0 && sm_path_at(&s->paths, path)->known)
            return sm_make(SM_T_PATH, path);
    }
    return builtin(s, name);
}

/* The scope that a `global` or `nonlocal` declaration means. */
static uint32_t declared_scope(const struct sm_scan *s, const struct sm_var *v)
{
    if (v->global == 1)
        return 0;
    for (uint32_t at = s->scopes[v->scope].parent; at != UINT32_MAX; at = s->scopes[at].parent) {
        if (s->scopes[at].kind == SM_SCOPE_FUNCTION && var_find(s, at, v->name) != NULL)
            return at;
    }
    return 0;
}

sm_val sm_lookup_from(struct sm_scan *s, uint32_t scope, uint32_t name)
{
    for (uint32_t at = scope; at != UINT32_MAX; at = s->scopes[at].parent) {
        if (s->scopes[at].kind == SM_SCOPE_CLASS && at != s->scope)
            continue;
        struct sm_var *v = var_find(s, at, name);
        if (v != NULL && v->global != 0)
            v = var_find(s, declared_scope(s, v), name);
        if (v != NULL)
            v->read = true;
        if (v != NULL)
            return s->scopes[v->scope].unit == s->unit ? v->now : v->ever;
    }
    return outermost(s, name);
}

sm_val sm_lookup(struct sm_scan *s, uint32_t name)
{
    return sm_lookup_from(s, s->scope, name);
}

sm_val sm_scope_get(struct sm_scan *s, uint32_t scope, uint32_t name, bool *found)
{
    struct sm_var *v = var_find(s, scope, name);
    *found = v != NULL;
    if (v != NULL)
        v->read = true;
    return v == NULL ? SM_V_UNKNOWN : v->ever;
}

static void bind_value(struct sm_scan *s, uint32_t scope, uint32_t name, sm_val v, bool weak, bool defined)
{
    struct sm_var *var = var_find(s, scope, name);
    if (var != NULL && var->global != 0) {
        scope = declared_scope(s, var);
        weak = true;
        var = var_find(s, scope, name);
    }
    if (var == NULL) {
        bool own = s->scopes[scope].unit == s->unit; /* else: an argument, an attribute */
        sm_val outer = weak && own ? sm_lookup_from(s, s->scopes[scope].parent, name) : SM_V_UNKNOWN;
        sm_val seen = scope == 0 && !defined ? builtin(s, name) : SM_V_UNKNOWN;
        if ((var = var_add(s, scope, name)) == NULL)
            return;
        sm_val now = sm_join(s, v, outer), ever = sm_join(s, sm_join(s, v, outer), seen);
        var->now = now;
        var->ever = ever;
        return;
    }
    size_t at = (size_t)(var - s->vars);
    sm_val ever = sm_join(s, var->ever, v);
    s->changed = s->changed || (ever != s->vars[at].ever && s->vars[at].read && sm_telling(s, v));
    s->vars[at].now = weak ? sm_join(s, s->vars[at].now, v) : v;
    s->vars[at].ever = ever;
}

void sm_bind(struct sm_scan *s, uint32_t scope, uint32_t name, sm_val v, bool weak)
{
    bind_value(s, scope, name, v, weak, false);
}

void sm_bind_defined(struct sm_scan *s, uint32_t name, sm_val v)
{
    bind_value(s, s->scope, name, v, s->conditional > 0, true);
}

void sm_declare(struct sm_scan *s, uint32_t name, bool global)
{
    struct sm_var *v = var_find(s, s->scope, name);
    if (s->scope == 0)
        return;
    if (v == NULL)
        v = var_add(s, s->scope, name);
    if (v != NULL)
        v->global = global ? 1 : 2;
}

/* `del exec` gives the builtin back. */
void sm_forget(struct sm_scan *s, py_node target)
{
    const struct py_nodedata *n = sm_node(s, target);
    if (n->kind != PY_NAME)
        return;
    uint32_t name = sm_node_name(s, target);
    sm_val outer = s->scopes[s->scope].parent == UINT32_MAX
                       ? outermost(s, name)
                       : sm_lookup_from(s, s->scopes[s->scope].parent, name);
    sm_bind(s, s->scope, name, outer, true);
}

/* --- stores --- */

struct target {
    py_node node;
    sm_val value;
};

static void store_path(struct sm_scan *s, uint32_t path, py_node n, sm_val first, sm_val second)
{
    struct sm_args args = {.npos = 2, .total = 2, .pos = {first, second}};
    args.taint = sm_taint(s, first) | sm_taint(s, second);
    sm_event(s, SM_EV_STORE, path, sm_path_at(&s->paths, path)->name, &args, n);
}

void sm_store_attribute(struct sm_scan *s, py_node n, sm_val base, uint32_t name, sm_val v)
{
    const sm_val *list;
    sm_val one;
    uint32_t count = sm_alts(s, base, &list, &one);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = sm_payload(list[i]);
        if (sm_tag(list[i]) == SM_T_PATH)
            store_path(s, sm_path_child(s, at, name), n, v, SM_V_UNKNOWN);
        else if (sm_tag(list[i]) == SM_T_CLASS || sm_tag(list[i]) == SM_T_INST)
            sm_bind(s, s->classes[at].scope, name, v, true);
        else if (list[i] == SM_V_SELF_MODULE)
            sm_bind(s, 0, name, v, true);
        else {
            struct sm_args args = {
                .npos = 1, .total = 1, .pos = {v}, .recv = list[i], .taint = sm_taint(s, v)};
            sm_event(s, SM_EV_STORE, 0, name, &args, n);
        }
    }
}

static void taint_container(struct sm_scan *s, py_node base, sm_val v)
{
    const struct py_nodedata *n = sm_node(s, base);
    if (sm_taint(s, v) != 0 && n->kind == PY_NAME)
        sm_bind(s, s->scope, sm_node_name(s, base), sm_make(SM_T_TAINT, sm_taint(s, v)), true);
}

static void store_element(struct sm_scan *s, py_node n, sm_val v)
{
    py_node base_node = py_child(s->tree, n, 0);
    sm_val base = s->val[base_node], index = s->val[sm_index_node(s, n)];
    struct sm_text text;
    bool named = sm_text_whole(s, index, &text);
    const sm_val *list;
    sm_val one;
    uint32_t count = sm_alts(s, base, &list, &one);
    for (uint32_t i = 0; i < count; i++) {
        const struct sm_value *value = sm_value_at(s, list[i]);
        uint32_t path = sm_payload(list[i]);
        if (sm_tag(list[i]) == SM_T_PATH) {
            if (sm_path_at(&s->paths, path)->name == SM_N_DICT && named)
                sm_store_attribute(s, n, sm_make(SM_T_PATH, sm_path_at(&s->paths, path)->parent),
                                   sm_scan_intern(s, text.text, text.len), v);
            else
                store_path(s, sm_path_child(s, path, SM_N_ITEM), n, index, v);
        } else if (value != NULL && value->kind == SM_K_SCOPE && named) {
            sm_bind(s, value->scope, sm_scan_intern(s, text.text, text.len), v, true);
        } else if (value != NULL && value->kind == SM_K_DICT) {
            sm_items_push(s, list[i], (sm_val[]){index, v}, 2);
        } else if (value != NULL && value->kind == SM_K_SEQ) {
            sm_items_push(s, list[i], &v, 1);
        } else {
            taint_container(s, base_node, v);
        }
    }
}

static sm_val nth_of(struct sm_scan *s, sm_val v, uint32_t index)
{
    return sm_element(s, v, sm_int_make(index));
}

static void bind_one(struct sm_scan *s, py_node target, sm_val v, bool weak)
{
    const struct py_nodedata *n = sm_node(s, target);
    sm_escape_store(s, target, v);
    if (n->kind == PY_NAME)
        sm_bind(s, s->scope, sm_node_name(s, target), v, weak);
    else if (n->kind == PY_ATTRIBUTE)
        sm_store_attribute(s, target, s->val[n->first], sm_node_name(s, target), v);
    else if (n->kind == PY_SUBSCRIPT)
        store_element(s, target, v);
}

void sm_bind_target(struct sm_scan *s, py_node target, sm_val v, bool weak)
{
    uint8_t kind = sm_node(s, target)->kind;
    if (kind != PY_TUPLE && kind != PY_LIST && kind != PY_STARRED) {
        bind_one(s, target, v, weak);
        return;
    }
    struct target *stack = NULL;
    uint32_t count = 0, capacity = 0;
    if (sm_grow((void **)&stack, &capacity, 0, sizeof *stack) == 0)
        stack[count++] = (struct target){target, v};
    while (count > 0) {
        struct target t = stack[--count];
        kind = sm_node(s, t.node)->kind;
        if (kind == PY_STARRED) {
            t = (struct target){sm_node(s, t.node)->first, sm_element(s, t.value, SM_V_UNKNOWN)};
            stack[count++] = t;
            continue;
        }
        if (kind != PY_TUPLE && kind != PY_LIST) {
            bind_one(s, t.node, t.value, weak);
            continue;
        }
        uint32_t i = 0;
        bool starred = false;
        for (py_node c = sm_elements(s, t.node); c != 0; c = sm_node(s, c)->next, i++) {
            starred = starred || sm_node(s, c)->kind == PY_STARRED;
            sm_val part = starred ? sm_element(s, t.value, SM_V_UNKNOWN) : nth_of(s, t.value, i);
            if (sm_grow((void **)&stack, &capacity, count, sizeof *stack) != 0) {
                s->failed = -ENOMEM;
                break;
            }
            stack[count++] = (struct target){c, part};
        }
    }
    free(stack);
}

/* --- imports --- */

static void import_event(struct sm_scan *s, uint32_t path, py_node n)
{
    uint32_t name = sm_path_at(&s->paths, path)->name;
    if (path == 0 || !sm_event_known(s, SM_EV_IMPORT, path, name))
        return;
    struct sm_args args = {.unknown = true};
    sm_event(s, SM_EV_IMPORT, path, name, &args, n);
}

static uint32_t alias_name(struct sm_scan *s, py_node alias, size_t len)
{
    py_node as = sm_node(s, alias)->first;
    const struct py_nodedata *n =
        as != 0 && sm_node(s, as)->kind == PY_NAME ? sm_node(s, as) : sm_node(s, alias);
    return sm_scan_intern(s, n->text, as != 0 && n == sm_node(s, as) ? n->text_len : len);
}

static void import_module(struct sm_scan *s, py_node alias)
{
    const struct py_nodedata *n = sm_node(s, alias);
    uint32_t path = sm_path_dotted(s, n->text, n->text_len, '.');
    import_event(s, path, alias);
    bool renamed = n->first != 0 && sm_node(s, n->first)->kind == PY_NAME;
    const char *dot = memchr(n->text, '.', n->text_len);
    size_t root = dot == NULL ? n->text_len : (size_t)(dot - n->text);
    if (!renamed)
        path = sm_path_child(s, 0, sm_scan_intern(s, n->text, root));
    sm_bind_defined(s, alias_name(s, alias, root), sm_make(SM_T_PATH, path));
}

static void import_star(struct sm_scan *s, uint32_t module)
{
    if (sm_grow((void **)&s->stars, &s->star_capacity, s->star_count, sizeof *s->stars) != 0) {
        s->failed = -ENOMEM;
        return;
    }
    for (uint32_t i = 0; i < s->star_count; i++) {
        if (s->stars[i] == module)
            return;
    }
    if (module != 0 && s->star_count < 64)
        s->stars[s->star_count++] = module;
}

void sm_import(struct sm_scan *s, py_node node)
{
    const struct py_nodedata *n = sm_node(s, node);
    if (n->kind == PY_IMPORT) {
        for (py_node a = sm_elements(s, node); a != 0; a = sm_node(s, a)->next)
            import_module(s, a);
        return;
    }
    uint32_t module = n->level > 0 ? sm_path_child(s, 0, sm_scan_intern(s, ".", 1)) : 0;
    const char *text = n->text;
    for (size_t left = n->text_len; left > 0;) {
        const char *dot = memchr(text, '.', left);
        size_t part = dot == NULL ? left : (size_t)(dot - text);
        module = sm_path_child(s, module, sm_scan_intern(s, text, part));
        text += part + (dot != NULL);
        left -= part + (dot != NULL);
    }
    import_event(s, module, node);
    for (py_node a = sm_elements(s, node); a != 0; a = sm_node(s, a)->next) {
        const struct py_nodedata *alias = sm_node(s, a);
        if (alias->text_len == 1 && alias->text[0] == '*') {
            import_star(s, module);
            continue;
        }
        uint32_t path = sm_path_child(s, module, sm_node_name(s, a));
        import_event(s, path, a);
        sm_bind_defined(s, alias_name(s, a, alias->text_len), sm_make(SM_T_PATH, path));
    }
}

uint32_t sm_definition(struct sm_scan *s, py_node n, bool klass)
{
    /* the number sits in the value of the node, which outlives a round */
    sm_val v = s->val[n];
    if (sm_tag(v) == (klass ? SM_T_CLASS : SM_T_FUNC))
        return sm_payload(v);
    uint32_t at;
    if (klass) {
        if (sm_grow((void **)&s->classes, &s->class_capacity, s->class_count, sizeof *s->classes) != 0)
            return s->failed = -ENOMEM, 0;
        at = s->class_count++;
        s->classes[at] = (struct sm_class){.node = n};
    } else {
        if (sm_grow((void **)&s->funcs, &s->func_capacity, s->func_count, sizeof *s->funcs) != 0)
            return s->failed = -ENOMEM, 0;
        at = s->func_count++;
        s->funcs[at] = (struct sm_func){.node = n, .scope = UINT32_MAX};
    }
    s->val[n] = sm_make(klass ? SM_T_CLASS : SM_T_FUNC, at);
    return at;
}
