/* SPDX-License-Identifier: Apache-2.0 */
/* Which value an attribute or an element has. */
#include <string.h>

#include "scanner/smell_impl.h"

#define DICT_LOOKBACK 256 /* pairs of a dictionary that are compared with a key */

sm_val sm_class_attr(struct sm_scan *s, uint32_t klass, uint32_t name)
{
    sm_val inherited = SM_V_UNKNOWN;
    for (unsigned hops = 0; hops < 16; hops++) {
        const struct sm_class *c = &s->classes[klass];
        bool found;
        sm_val v = sm_scope_get(s, c->scope, name, &found);
        if (found)
            return v;
        inherited = c->base_path;
        if (c->base == 0)
            break;
        klass = c->base - 1;
    }
    if (sm_tag(inherited) != SM_T_PATH || !sm_path_at(&s->paths, sm_payload(inherited))->known)
        return SM_V_UNKNOWN;
    return sm_make(SM_T_PATH, sm_path_child(s, sm_path_child(s, sm_payload(inherited), SM_N_CALL), name));
}

static sm_val attribute_of(struct sm_scan *s, sm_val base, uint32_t name)
{
    bool found;
    switch (sm_tag(base)) {
    case SM_T_PATH:
        return sm_make(SM_T_PATH, sm_path_child(s, sm_payload(base), name));
    case SM_T_CLASS:
    case SM_T_INST: {
        sm_val v = sm_class_attr(s, sm_payload(base), name);
        if (sm_tag(v) == SM_T_FUNC && sm_tag(base) == SM_T_INST && s->funcs[sm_payload(v)].decorated)
            sm_edge(s, sm_payload(v)); /* it may be a property */
        return v;
    }
    case SM_T_TAINT:
        return base;
    default:
        break;
    }
    if (base == SM_V_SELF_MODULE)
        return sm_scope_get(s, 0, name, &found);
    if (base == SM_V_UNKNOWN && name < s->names.first) {
        uint32_t root = sm_path_find(s->paths.base, 0, name);
        if (root != 0 && sm_path_at(&s->paths, root)->canon == 2)
            return sm_make(SM_T_PATH, root);
    }
    return sm_taint(s, base) == 0 ? SM_V_UNKNOWN : sm_make(SM_T_TAINT, sm_taint(s, base));
}

/* Whatever `v` can be: what `of` gives for each of its alternatives. */
static sm_val for_each_alternative(struct sm_scan *s, sm_val v, uint32_t with,
                                   sm_val (*of)(struct sm_scan *s, sm_val one, uint32_t with))
{
    const struct sm_value *alt = sm_value_kind(s, v, SM_K_ALT);
    if (alt == NULL)
        return of(s, v, with);
    sm_val items[SM_ALT_MAX], out = SM_V_UNKNOWN;
    uint32_t n = alt->len;
    memcpy(items, alt->u.items, n * sizeof *items);
    for (uint32_t i = 0; i < n; i++)
        out = sm_join(s, out, of(s, items[i], with));
    return out;
}

sm_val sm_attribute(struct sm_scan *s, sm_val base, uint32_t name)
{
    return for_each_alternative(s, base, name, attribute_of);
}

static sm_val path_element(struct sm_scan *s, uint32_t path, sm_val index)
{
    const struct sm_path *p = sm_path_at(&s->paths, path);
    struct sm_text text;
    bool named = sm_text_whole(s, index, &text);
    if (p->name == SM_N_DICT || (p->parent == 0 && p->name == SM_N_BUILTINS)) {
        uint32_t owner = p->name == SM_N_DICT ? p->parent : path;
        return named ? sm_make(SM_T_PATH, sm_path_child(s, owner, sm_scan_intern(s, text.text, text.len)))
                     : sm_make(SM_T_TAINT, SM_TAINT_DYNAMIC);
    }
    if (p->name == SM_N_MODULES && p->parent != 0 && sm_path_at(&s->paths, p->parent)->name == SM_N_SYS)
        return named ? sm_make(SM_T_PATH, sm_path_dotted(s, text.text, text.len, '.')) : SM_V_SELF_MODULE;
    return sm_make(SM_T_PATH, sm_path_child(s, path, SM_N_ITEM));
}

static bool same_const(const struct sm_scan *s, sm_val a, sm_val b)
{
    struct sm_text x, y;
    if (a == b)
        return true;
    return sm_text_get(s, a, &x) && sm_text_get(s, b, &y) && x.len == y.len &&
           memcmp(x.text, y.text, x.len) == 0;
}

static sm_val container_element(struct sm_scan *s, sm_val base, sm_val index)
{
    struct sm_value box = *sm_value_at(s, base);
    long long at;
    sm_val out = SM_V_UNKNOWN;
    if (box.kind == SM_K_SEQ && sm_int_get(s, index, &at) && !box.partial) {
        at += at < 0 ? box.len : 0;
        if (at >= 0 && at < box.len)
            return box.u.items[at];
    }
    uint32_t from = box.len > DICT_LOOKBACK ? box.len - DICT_LOOKBACK : 0;
    if (box.kind == SM_K_DICT && sm_is_const(s, index)) {
        for (uint32_t i = box.len; i-- > from;) {
            if (same_const(s, box.u.items[2 * i], index))
                return box.u.items[2 * i + 1];
        }
    }
    for (uint32_t i = from; i < box.len; i++) {
        sm_val v = box.kind == SM_K_DICT ? box.u.items[2 * i + 1] : box.u.items[i];
        if (sm_telling(s, v) || box.len <= SM_ALT_MAX)
            out = sm_join(s, out, v);
    }
    return sm_tainted(s, out, box.taint);
}

static sm_val element_of(struct sm_scan *s, sm_val base, sm_val index)
{
    struct sm_text text;
    long long at;
    const struct sm_value *value = sm_value_at(s, base);
    if (sm_tag(base) == SM_T_PATH)
        return path_element(s, sm_payload(base), index);
    if (value != NULL && (value->kind == SM_K_SEQ || value->kind == SM_K_DICT))
        return container_element(s, base, index);
    if (value != NULL && value->kind == SM_K_SCOPE) {
        if (!sm_text_whole(s, index, &text))
            return sm_make(SM_T_TAINT, SM_TAINT_DYNAMIC);
        return sm_lookup_from(s, value->scope, sm_scan_intern(s, text.text, text.len));
    }
    if (sm_text_whole(s, base, &text) && sm_int_get(s, index, &at)) {
        at += at < 0 ? text.len : 0;
        if (at < 0 || at >= text.len)
            return SM_V_UNKNOWN;
        if (text.bytes)
            return sm_int_make((uint8_t)text.text[at]);
        const char *one = text.text + at;
        return (uint8_t)*one < 0x80 ? sm_text_make(s, one, 1, &text) : SM_V_UNKNOWN;
    }
    return sm_taint(s, base) == 0 ? SM_V_UNKNOWN : sm_make(SM_T_TAINT, sm_taint(s, base));
}

sm_val sm_element(struct sm_scan *s, sm_val base, sm_val index)
{
    return for_each_alternative(s, base, index, element_of);
}
