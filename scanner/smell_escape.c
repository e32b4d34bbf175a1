/* SPDX-License-Identifier: Apache-2.0 */
/* Values that go where they are not followed: handed over, stored, returned, put into a container. Whoever
 * gets them may call them. */
#include <string.h>

#include "scanner/smell_impl.h"

#define REDUCER "<reduce>" /* also stands for any function that returns (callable, arguments) */

static bool escapes(const struct sm_scan *s, sm_val v)
{
    uint32_t path = sm_tag(v) == SM_T_PATH ? sm_payload(v) : 0;
    return path != 0 && sm_event_known(s, SM_EV_ESCAPE, path, sm_path_at(&s->paths, path)->name);
}

static void escape_to(struct sm_scan *s, sm_val v, sm_val how, py_node n)
{
    sm_val one, items[SM_ALT_MAX];
    const sm_val *list;
    if (v < SM_V_FIRST || (sm_tag(v) != SM_T_PATH && sm_tag(v) != SM_T_TABLE))
        return;
    uint32_t count = sm_alts(s, v, &list, &one);
    memcpy(items, list, count * sizeof *list);
    for (uint32_t i = 0; i < count; i++) {
        struct sm_args args = {.unknown = true, .recv = how};
        if (escapes(s, items[i]))
            sm_event(s, SM_EV_ESCAPE, sm_payload(items[i]), sm_path_at(&s->paths, sm_payload(items[i]))->name,
                     &args, n);
    }
}

static bool may_escape(const struct sm_scan *s, sm_val v)
{
    sm_val one;
    const sm_val *list;
    if (v < SM_V_FIRST || (sm_tag(v) != SM_T_PATH && sm_tag(v) != SM_T_TABLE))
        return false;
    uint32_t count = sm_alts(s, v, &list, &one), i = 0;
    while (i < count && !escapes(s, list[i]))
        i++;
    return i < count;
}

void sm_escape(struct sm_scan *s, sm_val v, const char *how, py_node n)
{
    if (may_escape(s, v))
        escape_to(s, v, sm_text_make(s, how, strlen(how), &(struct sm_text){0}), n);
}

void sm_escape_arguments(struct sm_scan *s, py_node call)
{
    py_node func = sm_node(s, call)->first, list = sm_node(s, func)->next;
    for (py_node c = list == 0 ? 0 : sm_node(s, list)->first; c != 0; c = sm_node(s, c)->next) {
        if (!may_escape(s, s->val[c]))
            continue;
        if (sm_tag(s->val[func]) == SM_T_PATH)
            escape_to(s, s->val[c], s->val[func], call);
        else
            sm_escape(s, s->val[c], "<argument>", call);
    }
}

/* A comparison calls the special methods of its operands. */
void sm_escape_compared(struct sm_scan *s, py_node node)
{
    bool own = false;
    for (py_node c = sm_elements(s, node); c != 0; c = sm_node(s, c)->next)
        own = own || sm_tag(s->val[c]) == SM_T_INST || sm_tag(s->val[c]) == SM_T_CLASS;
    for (py_node c = own ? sm_elements(s, node) : 0; c != 0; c = sm_node(s, c)->next)
        sm_escape(s, s->val[c], "<operator>", c);
}

static bool dunder(const struct sm_scan *s, uint32_t name)
{
    const struct sm_name *n = sm_name_at(&s->names, name);
    return n->len > 4 && memcmp(n->text, "__", 2) == 0 && memcmp(n->text + n->len - 2, "__", 2) == 0;
}

/* What somebody else's attribute is set to, or Python calls by itself, is called sooner or later. */
static void called_later(struct sm_scan *s, sm_val v)
{
    sm_val one;
    const sm_val *list;
    if (sm_tag(v) != SM_T_FUNC && sm_tag(v) != SM_T_TABLE)
        return;
    uint32_t count = sm_alts(s, v, &list, &one);
    for (uint32_t i = 0; i < count; i++) {
        if (sm_tag(list[i]) == SM_T_FUNC)
            sm_edge(s, sm_payload(list[i]));
    }
}

/* Also the namespace of a class to be made: type('A', (), {'__init__': f}). */
void sm_escape_elements(struct sm_scan *s, py_node node)
{
    py_node key = 0;
    bool dict = sm_node(s, node)->kind == PY_DICT;
    struct sm_text t;
    for (py_node c = sm_elements(s, node); c != 0; c = sm_node(s, c)->next) {
        sm_escape(s, s->val[c], "<container>", c);
        if (dict && key != 0 && sm_text_whole(s, s->val[key], &t) &&
            dunder(s, sm_scan_intern(s, t.text, t.len)))
            called_later(s, s->val[c]);
        key = key == 0 ? c : 0;
    }
}

void sm_escape_store(struct sm_scan *s, py_node target, sm_val v)
{
    const struct py_nodedata *n = sm_node(s, target);
    bool name = n->kind == PY_NAME, attribute = n->kind == PY_ATTRIBUTE;
    bool hook = (name || attribute) && dunder(s, sm_node_name(s, target));
    if (v < SM_V_FIRST || (name && (!hook || s->scopes[s->scope].kind == SM_SCOPE_FUNCTION)))
        return;
    sm_val base = name ? SM_V_UNKNOWN : s->val[n->first];
    if (hook || sm_tag(base) == SM_T_PATH)
        called_later(s, v);
    bool own = sm_tag(base) == SM_T_CLASS || sm_tag(base) == SM_T_INST || base == SM_V_SELF_MODULE;
    sm_escape(s, v, own && !hook ? "<attribute>" : "<store>", target);
}

void sm_escape_return(struct sm_scan *s, py_node value)
{
    sm_val one, items[SM_ALT_MAX];
    const sm_val *list;
    sm_val v = s->val[value];
    if (v < SM_V_FIRST || s->unit < 2)
        return;
    sm_escape(s, v, "<return>", value);
    uint32_t count = sm_alts(s, v, &list, &one);
    memcpy(items, list, count * sizeof *list);
    for (uint32_t i = 0; i < count; i++) {
        const struct sm_value *tuple = sm_value_kind(s, items[i], SM_K_SEQ);
        if (tuple != NULL && tuple->len >= 2)
            sm_escape(s, tuple->u.items[0], REDUCER, value);
    }
}

/* Anything but defining a class may run what its metaclass and its own special methods say. */
void sm_use_class(struct sm_scan *s, sm_val v)
{
    sm_val one;
    const sm_val *list;
    if (sm_tag(v) != SM_T_CLASS && sm_tag(v) != SM_T_TABLE)
        return;
    uint32_t count = sm_alts(s, v, &list, &one);
    for (uint32_t i = 0; i < count; i++) {
        if (sm_tag(list[i]) == SM_T_CLASS)
            sm_edge_class(s, sm_payload(list[i]));
    }
}
