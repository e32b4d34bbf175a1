/* SPDX-License-Identifier: Apache-2.0 */
/* The value of a node whose children have theirs, and what happens there. */
#include <errno.h>

#include "scanner/smell_impl.h"

static uint32_t taint_of_children(const struct sm_scan *s, py_node n)
{
    uint32_t taint = 0;
    for (py_node c = sm_elements(s, n); c != 0; c = sm_node(s, c)->next)
        taint |= sm_taint(s, s->val[c]);
    return taint;
}

static void attribute(struct sm_scan *s, py_node node)
{
    uint32_t name = sm_node_name(s, node);
    sm_val base = s->val[sm_node(s, node)->first], v = sm_attribute(s, base, name);
    bool frozen = name < s->names.first;
    if (frozen || sm_tag(v) == SM_T_PATH) {
        const sm_val *list;
        sm_val one;
        uint32_t count = sm_alts(s, v, &list, &one), taint = 0;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t path = sm_tag(list[i]) == SM_T_PATH ? sm_payload(list[i]) : 0;
            if (!sm_event_known(s, SM_EV_LOAD, path, name))
                continue;
            struct sm_args args = {.unknown = true, .recv = base};
            taint |= sm_event(s, SM_EV_LOAD, path, name, &args, node);
        }
        v = sm_tainted(s, v, taint == UINT32_MAX ? 0 : taint);
    }
    s->val[node] = v;
}

/* x.__dict__[name] is getattr(x, name). */
static void computed_attribute(struct sm_scan *s, sm_val base, sm_val index, py_node node)
{
    const struct sm_path *p = sm_tag(base) == SM_T_PATH ? sm_path_at(&s->paths, sm_payload(base)) : NULL;
    struct sm_text text;
    if (p == NULL || p->name != SM_N_DICT || p->parent == 0 || sm_text_whole(s, index, &text))
        return;
    struct sm_args args = {.npos = 2, .total = 2, .pos = {sm_make(SM_T_PATH, p->parent), index}};
    uint32_t path = sm_path_child(s, SM_P_BUILTINS, sm_scan_intern(s, "getattr", 7));
    sm_event(s, SM_EV_CALL, path, sm_path_at(&s->paths, path)->name, &args, node);
}

static void subscript(struct sm_scan *s, py_node node)
{
    py_node index_node = sm_index_node(s, node);
    sm_val base = sm_child_value(s, node, 0), index = s->val[index_node];
    sm_use_class(s, base);
    computed_attribute(s, base, index, node);
    sm_escape(s, index, "<index>", index_node);
    if (sm_node(s, index_node)->kind == PY_SLICE) {
        s->val[node] = sm_fold_slice(s, base, index_node);
        return;
    }
    sm_val v = base == SM_V_UNKNOWN ? SM_V_UNKNOWN : sm_element(s, base, index);
    if (sm_tag(v) == SM_T_PATH) {
        struct sm_args args = {.npos = 1, .total = 1, .pos = {index}, .recv = base};
        uint32_t path = sm_payload(v);
        uint32_t taint = sm_event(s, SM_EV_LOAD, path, sm_path_at(&s->paths, path)->name, &args, node);
        v = sm_tainted(s, v, taint == UINT32_MAX ? 0 : taint);
    }
    s->val[node] = v;
}

static void sequence(struct sm_scan *s, py_node node)
{
    sm_val few[32], *items = few;
    uint32_t count = 0, total = 0;
    bool known = false;
    for (py_node c = sm_elements(s, node); c != 0; c = sm_node(s, c)->next) {
        total++;
        known = known || s->val[c] != SM_V_UNKNOWN;
    }
    s->val[node] = SM_V_UNKNOWN;
    if (!known && total > 0)
        return;
    if (total > 32 && (items = sm_alloc(&s->arena, (size_t)total * sizeof *items)) == NULL) {
        s->failed = -ENOMEM;
        return;
    }
    bool starred = false;
    for (py_node c = sm_elements(s, node); c != 0; c = sm_node(s, c)->next) {
        starred = starred || sm_node(s, c)->kind == PY_STARRED;
        items[count++] =
            sm_node(s, c)->kind == PY_STARRED ? sm_element(s, s->val[c], SM_V_UNKNOWN) : s->val[c];
    }
    sm_val v = sm_items_make(s, SM_K_SEQ, items, count);
    if (starred && v != SM_V_UNKNOWN)
        s->values[v].partial = true;
    s->val[node] = v;
}

static void dictionary(struct sm_scan *s, py_node node)
{
    bool known = false;
    py_node first = sm_elements(s, node);
    for (py_node c = first; c != 0; c = sm_node(s, c)->next) {
        c = sm_node(s, c)->next; /* the value */
        if (c == 0)
            break;
        known = known || s->val[c] != SM_V_UNKNOWN;
    }
    for (py_node c = first; c != 0; c = sm_node(s, c)->next)
        known = known || (sm_node(s, c)->kind == PY_DOUBLESTAR && s->val[c] != SM_V_UNKNOWN);
    s->val[node] = SM_V_UNKNOWN;
    if (first != 0 && !known)
        return;
    sm_val dict = sm_items_make(s, SM_K_DICT, NULL, 0);
    for (py_node c = first; dict != SM_V_UNKNOWN && c != 0; c = sm_node(s, c)->next) {
        py_node value = sm_node(s, c)->next;
        const struct sm_value *other = sm_value_kind(s, s->val[c], SM_K_DICT);
        if (value == 0)
            break;
        if (sm_node(s, c)->kind != PY_DOUBLESTAR) {
            sm_items_push(s, dict, (sm_val[]){s->val[c], s->val[value]}, 2);
        } else if (other != NULL && other->len <= 64) {
            struct sm_value copy = *other;
            for (uint32_t i = 0; i < copy.len; i++)
                sm_items_push(s, dict, copy.u.items + 2 * i, 2);
        } else {
            s->values[dict].partial = true;
            s->values[dict].taint |= sm_taint(s, s->val[c]);
        }
        c = value;
    }
    s->val[node] = dict;
}

void sm_returned(struct sm_scan *s, sm_val v)
{
    struct sm_func *f = &s->funcs[s->unit];
    if (s->unit < 2)
        return;
    sm_val joined = sm_join(s, f->ret, v); /* grows no function table: f stays valid */
    if (joined != s->funcs[s->unit].ret) {
        struct sm_text text;
        s->changed = s->changed || (f->ret_read && (sm_telling(s, v) || sm_text_get(s, v, &text)));
        s->funcs[s->unit].ret = joined;
    }
}

static void joined_operands(struct sm_scan *s, py_node node)
{
    sm_val v = SM_V_UNKNOWN;
    for (py_node c = sm_elements(s, node); c != 0; c = sm_node(s, c)->next)
        v = sm_join(s, v, s->val[c]);
    s->val[node] = v;
}

static void exec_statement(struct sm_scan *s, py_node node)
{
    struct sm_args args = {.npos = 1, .total = 1, .pos = {sm_child_value(s, node, 0)}};
    args.taint = sm_taint(s, args.pos[0]);
    sm_invoke(s, sm_make(SM_T_PATH, sm_path_dotted(s, "builtins.exec", 13, '.')), &args, node);
}

static void binary(struct sm_scan *s, py_node node)
{
    sm_val left = sm_child_value(s, node, 0), right = sm_child_value(s, node, 1);
    sm_escape(s, left, "<operator>", node);
    sm_escape(s, right, "<operator>", node);
    s->val[node] = (left | right) == 0 ? SM_V_UNKNOWN : sm_fold_binary(s, sm_node(s, node)->op, left, right);
}

static void capture(struct sm_scan *s, py_node node)
{
    /* `case name:` binds; what a deeper pattern binds is not followed */
    py_node pattern = sm_node(s, node)->first;
    if (sm_node(s, pattern)->kind == PY_NAME)
        sm_bind_target(s, pattern, SM_V_UNKNOWN, true);
}

void sm_leave(struct sm_scan *s, py_node node)
{
    const struct py_nodedata *n = sm_node(s, node);
    if (n->kind == PY_LIST_OF)
        return;
    switch (n->kind) {
    case PY_ATTRIBUTE:
        attribute(s, node);
        break;
    case PY_CALL:
        s->val[node] = sm_call(s, node);
        break;
    case PY_SUBSCRIPT:
        subscript(s, node);
        break;
    case PY_BINARY:
        binary(s, node);
        break;
    case PY_UNARY:
        s->val[node] = sm_fold_unary(s, n->op, s->val[n->first]);
        break;
    case PY_COMPARE:
        sm_escape_compared(s, node);
        break;
    case PY_BOOLOP:
        joined_operands(s, node);
        break;
    case PY_IFEXP:
        s->val[node] = sm_join(s, sm_child_value(s, node, 0), sm_child_value(s, node, 2));
        break;
    case PY_TUPLE:
    case PY_LIST:
    case PY_SET:
        sequence(s, node);
        sm_escape_elements(s, node);
        break;
    case PY_DICT:
        dictionary(s, node);
        sm_escape_elements(s, node);
        break;
    case PY_FSTRING:
        s->val[node] = sm_fold_fstring(s, node);
        break;
    case PY_FORMATTED:
    case PY_STARRED:
    case PY_DOUBLESTAR:
    case PY_AWAIT:
    case PY_KEYWORD:
        s->val[node] = s->val[n->first];
        break;
    case PY_RETURN:
    case PY_YIELD:
    case PY_YIELDFROM:
        sm_returned(s, s->val[n->first]);
        sm_escape_return(s, n->first);
        break;
    case PY_BACKQUOTE:
        s->val[node] = sm_only_taint(sm_taint(s, s->val[n->first]));
        break;
    case PY_EXEC2:
        exec_statement(s, node);
        break;
    case PY_CASE:
        capture(s, node);
        break;
    case PY_RAISE:
        sm_use_class(s, s->val[n->first]);
        break;
    case PY_GLOBAL:
    case PY_NONLOCAL:
        for (py_node c = sm_elements(s, node); c != 0; c = sm_node(s, c)->next)
            sm_declare(s, sm_node_name(s, c), n->kind == PY_GLOBAL);
        break;
    case PY_DELETE:
        for (py_node c = sm_elements(s, node); c != 0; c = sm_node(s, c)->next)
            sm_forget(s, c);
        break;
    case PY_DICTCOMP:
        s->val[node] = sm_only_taint(taint_of_children(s, node));
        sm_escape_elements(s, node);
        break;
    default:
        break;
    }
}
