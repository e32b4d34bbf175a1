/* SPDX-License-Identifier: Apache-2.0 */
/* Abstract values: constants, small containers, alternatives, taint. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/smell_impl.h"

py_node sm_elements(const struct sm_scan *s, py_node n)
{
    py_node c = sm_node(s, n)->first;
    return c != 0 && sm_node(s, c)->kind == PY_LIST_OF ? sm_node(s, c)->first : c;
}

py_node sm_index_node(const struct sm_scan *s, py_node subscript)
{
    py_node index = py_child(s->tree, subscript, 1);
    if (sm_node(s, index)->kind != PY_TUPLE)
        return index;
    py_node only = sm_elements(s, index);
    return only != 0 && sm_node(s, only)->next == 0 ? only : index;
}

static sm_val value_new(struct sm_scan *s, struct sm_value value)
{
    if (s->value_count >= SM_PAYLOAD ||
        sm_grow((void **)&s->values, &s->value_capacity, s->value_count, sizeof *s->values) != 0) {
        s->failed = -ENOMEM;
        return SM_V_UNKNOWN;
    }
    s->values[s->value_count] = value;
    return s->value_count++;
}

sm_val sm_text_make(struct sm_scan *s, const char *text, size_t len, const struct sm_text *like)
{
    struct sm_value value = {.kind = SM_K_TEXT,
                             .bytes = like->bytes,
                             .partial = like->partial,
                             .taint = like->taint,
                             .layers = like->layers,
                             .len = (uint32_t)len,
                             .u.text = text};
    return value_new(s, value);
}

bool sm_text_get(const struct sm_scan *s, sm_val v, struct sm_text *out)
{
    if (sm_tag(v) == SM_T_LIT) {
        const struct py_nodedata *n = sm_node(s, sm_payload(v));
        *out =
            (struct sm_text){n->text == NULL ? "" : n->text, n->text_len, n->kind == PY_BYTES, false, 0, 0};
        return true;
    }
    const struct sm_value *value = sm_value_kind(s, v, SM_K_TEXT);
    if (value == NULL)
        return false;
    *out = (struct sm_text){value->u.text,  value->len,   value->bytes,
                            value->partial, value->taint, value->layers};
    return true;
}

bool sm_text_whole(const struct sm_scan *s, sm_val v, struct sm_text *out)
{
    return sm_text_get(s, v, out) && !out->partial;
}

sm_val sm_int_make(long long n)
{
    return n < -SM_INT_BIAS || n >= SM_INT_BIAS ? SM_V_UNKNOWN
                                                : sm_make(SM_T_INT, (uint32_t)(n + SM_INT_BIAS));
}

bool sm_int_get(const struct sm_scan *s, sm_val v, long long *out)
{
    (void)s;
    if (v == SM_V_TRUE || v == SM_V_FALSE) {
        *out = v == SM_V_TRUE;
        return true;
    }
    if (sm_tag(v) != SM_T_INT)
        return false;
    *out = (long long)sm_payload(v) - SM_INT_BIAS;
    return true;
}

sm_val sm_items_make(struct sm_scan *s, enum sm_kind kind, const sm_val *items, uint32_t count)
{
    uint32_t width = kind == SM_K_DICT ? 2 : 1;
    struct sm_value value = {.kind = (uint8_t)kind};
    if (count > SM_SEQ_MAX) {
        value.partial = true;
        count = SM_SEQ_MAX;
    }
    value.len = value.capacity = count;
    value.u.items = NULL;
    if (count > 0) {
        value.u.items = sm_alloc(&s->arena, (size_t)count * width * sizeof *items);
        if (value.u.items == NULL) {
            s->failed = -ENOMEM;
            return SM_V_UNKNOWN;
        }
        memcpy(value.u.items, items, (size_t)count * width * sizeof *items);
    }
    for (uint32_t i = 0; i < count * width; i++)
        value.taint |= sm_taint(s, items[i]);
    return value_new(s, value);
}

int sm_items_push(struct sm_scan *s, sm_val container, const sm_val *items, uint32_t count)
{
    struct sm_value *value = sm_value_at(s, container);
    uint32_t width = value->kind == SM_K_DICT ? 2 : 1;
    for (uint32_t i = 0; i < count; i++)
        value->taint |= sm_taint(s, items[i]);
    if (value->len >= SM_SEQ_MAX) {
        value->partial = true;
        return 0;
    }
    if (value->len == value->capacity) {
        uint32_t capacity = value->capacity < 4 ? 8 : value->capacity * 2;
        sm_val *more = sm_alloc(&s->arena, (size_t)capacity * width * sizeof *more);
        if (more == NULL)
            return s->failed = -ENOMEM;
        if (value->len > 0)
            memcpy(more, value->u.items, (size_t)value->len * width * sizeof *more);
        value->u.items = more;
        value->capacity = capacity;
    }
    memcpy(value->u.items + (size_t)value->len * width, items, width * sizeof *items);
    value->len++;
    return 0;
}

sm_val sm_tainted(struct sm_scan *s, sm_val v, uint32_t taint)
{
    if (taint == 0 || (sm_taint(s, v) & taint) == taint)
        return v;
    if (v == SM_V_UNKNOWN || sm_tag(v) == SM_T_TAINT)
        return sm_make(SM_T_TAINT, sm_taint(s, v) | taint);
    struct sm_text text;
    if (sm_text_get(s, v, &text)) {
        text.taint |= taint;
        return sm_text_make(s, text.text, text.len, &text);
    }
    if (sm_value_kind(s, v, SM_K_ALT) != NULL || sm_value_kind(s, v, SM_K_SEQ) != NULL ||
        sm_value_kind(s, v, SM_K_DICT) != NULL) {
        s->values[v].taint |= taint;
        return v;
    }
    return sm_join(s, v, sm_make(SM_T_TAINT, taint));
}

uint32_t sm_alts(const struct sm_scan *s, sm_val v, const sm_val **list, sm_val *one)
{
    const struct sm_value *value = sm_value_kind(s, v, SM_K_ALT);
    if (value != NULL) {
        *list = value->u.items;
        return value->len;
    }
    *one = v;
    *list = one;
    return 1;
}

/* How much a value is worth keeping when there are too many alternatives. */
static unsigned worth(const struct sm_scan *s, sm_val v)
{
    switch (sm_tag(v)) {
    case SM_T_PATH:
        return sm_path_at(&s->paths, sm_payload(v))->known ? 4 : 1;
    case SM_T_FUNC:
    case SM_T_CLASS:
    case SM_T_INST:
        return 2;
    case SM_T_TAINT:
        return 3;
    case SM_T_TABLE:
        return v < SM_V_FIRST ? 0 : 2;
    case SM_T_LIT:
    case SM_T_INT:
        return 1;
    }
    return 0;
}

bool sm_telling(const struct sm_scan *s, sm_val v)
{
    const sm_val *list;
    sm_val one;
    uint32_t n = sm_alts(s, v, &list, &one);
    for (uint32_t i = 0; i < n; i++) {
        const struct sm_value *value = sm_value_at(s, list[i]);
        bool callee = value != NULL && (value->kind == SM_K_PARTIAL || value->kind == SM_K_GETTER);
        if (callee || (sm_tag(list[i]) != SM_T_TABLE && worth(s, list[i]) >= 2))
            return true;
    }
    return false;
}

bool sm_is_const(const struct sm_scan *s, sm_val v)
{
    struct sm_text text;
    if (sm_tag(v) == SM_T_INT || (v != SM_V_UNKNOWN && v < SM_V_SELF_MODULE && sm_tag(v) == SM_T_TABLE))
        return true;
    if (sm_text_get(s, v, &text))
        return !text.partial;
    const sm_val *list;
    sm_val one;
    const struct sm_value *value = sm_value_at(s, v);
    if (value == NULL || (value->kind != SM_K_ALT && value->kind != SM_K_SEQ) || value->partial)
        return false;
    uint32_t n = value->kind == SM_K_SEQ ? value->len : sm_alts(s, v, &list, &one);
    list = value->u.items;
    for (uint32_t i = 0; i < n; i++) { /* one level: what nests deeper counts as not constant */
        if (sm_tag(list[i]) != SM_T_INT && !sm_text_whole(s, list[i], &(struct sm_text){0}) &&
            list[i] - 1 >= 3)
            return false;
    }
    return true;
}

static bool same_text(const struct sm_scan *s, sm_val a, sm_val b)
{
    struct sm_text x, y;
    return sm_text_get(s, a, &x) && sm_text_get(s, b, &y) && x.len == y.len && x.bytes == y.bytes &&
           x.taint == y.taint && memcmp(x.text, y.text, x.len) == 0;
}

static uint32_t alt_add(const struct sm_scan *s, sm_val *items, uint32_t n, sm_val v)
{
    uint32_t least = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (items[i] == v || same_text(s, items[i], v))
            return n;
        if (worth(s, items[i]) < worth(s, items[least]))
            least = i;
    }
    if (n < SM_ALT_MAX) {
        items[n] = v;
        return n + 1;
    }
    if (worth(s, v) > worth(s, items[least]))
        items[least] = v;
    return n;
}

sm_val sm_join_known(struct sm_scan *s, sm_val a, sm_val b)
{
    if (b == SM_V_NONE)
        return a;
    if (a == SM_V_UNKNOWN || a == SM_V_NONE)
        return b;
    if (sm_tag(a) == SM_T_TAINT && sm_tag(b) == SM_T_TAINT)
        return sm_make(SM_T_TAINT, sm_payload(a) | sm_payload(b));
    sm_val items[SM_ALT_MAX] = {SM_V_UNKNOWN}, one;
    const sm_val *list;
    uint32_t n = 0;
    uint32_t count = sm_alts(s, a, &list, &one);
    for (uint32_t i = 0; i < count; i++)
        n = alt_add(s, items, n, list[i]);
    uint32_t before = n;
    sm_val kept[SM_ALT_MAX];
    memcpy(kept, items, n * sizeof *items);
    count = sm_alts(s, b, &list, &one);
    for (uint32_t i = 0; i < count; i++)
        n = alt_add(s, items, n, list[i]);
    if (n == before && memcmp(kept, items, n * sizeof *items) == 0)
        return a;
    return sm_items_make(s, SM_K_ALT, items, n);
}
