/* SPDX-License-Identifier: Apache-2.0 */
/* Constant folding of texts: what an attacker spells in pieces, whole again. */
#include <errno.h>
#include <string.h>

#include "scanner/smell_build.h"

sm_val sm_fold_concat(struct sm_scan *s, sm_val left, sm_val right)
{
    struct sm_text a, b;
    bool has_a = sm_text_get(s, left, &a), has_b = sm_text_get(s, right, &b);
    uint32_t taint = sm_taint(s, left) | sm_taint(s, right);
    if (!has_a && !has_b)
        return sm_only_taint(taint);
    char number[24];
    if (!has_a)
        sm_build_part(s, SM_V_UNKNOWN, number, &a);
    if (!has_b)
        sm_build_part(s, SM_V_UNKNOWN, number, &b);
    struct sm_text like = a;
    like.bytes = has_a ? a.bytes : b.bytes;
    sm_build_absorb(&like, &b);
    like.taint |= taint;
    if (a.len + b.len <= SM_TEXT_MAX && sm_extend(&s->arena, a.text, a.len, b.len)) {
        memcpy(s->arena.top - b.len, b.text, b.len); /* `x += "..."` over and over stays linear */
        return sm_text_make(s, a.text, a.len + b.len, &like);
    }
    struct sm_builder out = {.s = s};
    size_t total = (size_t)a.len + b.len;
    if (total <= SM_TEXT_MAX && s->folded + total <= SM_FOLD_MAX) {
        out.text = sm_alloc_text(&s->arena, total);
        out.room = out.text == NULL ? 0 : total;
        s->folded += (uint32_t)total;
    }
    sm_build_add(&out, a.text, a.len);
    sm_build_add(&out, b.text, b.len);
    return sm_build_end(&out, &like);
}

static sm_val repeat(struct sm_scan *s, const struct sm_text *t, long long times)
{
    struct sm_builder out = {.s = s};
    if (times < 0)
        times = 0;
    if (t->len > 0 && times > SM_TEXT_MAX / (long long)t->len)
        return sm_only_taint(t->taint);
    for (long long i = 0; i < times && t->len > 0 && !out.bad; i++)
        sm_build_add(&out, t->text, t->len);
    return sm_build_end(&out, t);
}

/* One %-conversion or {}-field at a time; what is more than %s, %d, %c, {} and {name} is unknown. */
static sm_val percent(struct sm_scan *s, const struct sm_text *format, sm_val right)
{
    struct sm_builder out = {.s = s};
    struct sm_text like = *format;
    const struct sm_value *tuple = sm_value_kind(s, right, SM_K_SEQ);
    uint32_t next = 0;
    for (uint32_t i = 0; i < format->len; i++) {
        if (format->text[i] != '%') {
            sm_build_add(&out, format->text + i, 1);
            continue;
        }
        char kind = ++i < format->len ? format->text[i] : '%';
        if (kind == '%') {
            sm_build_add(&out, "%", 1);
            continue;
        }
        while (i + 1 < format->len && strchr("-+ #0123456789.()_", format->text[i]) != NULL)
            i++;
        kind = format->text[i];
        sm_val v = tuple == NULL ? right : next < tuple->len ? tuple->u.items[next] : SM_V_UNKNOWN;
        next++;
        struct sm_text part;
        char number[24];
        long long code;
        if (kind == 'c' && sm_int_get(s, v, &code)) {
            sm_build_code_point(&out, (unsigned long)code);
            continue;
        }
        sm_build_part(s, v, number, &part);
        sm_build_add(&out, part.text, part.len);
        sm_build_absorb(&like, &part);
    }
    like.taint |= sm_taint(s, right);
    return sm_build_end(&out, &like);
}

sm_val sm_fold_fstring(struct sm_scan *s, py_node n)
{
    struct sm_builder out = {.s = s};
    struct sm_text like = {0};
    bool any = false;
    for (py_node c = sm_elements(s, n); c != 0; c = sm_node(s, c)->next) {
        any = any || sm_node(s, c)->kind == PY_STR || s->val[c] != SM_V_UNKNOWN;
        like.taint |= sm_taint(s, s->val[c]);
    }
    if (!any)
        return SM_V_UNKNOWN;
    for (py_node c = sm_elements(s, n); c != 0; c = sm_node(s, c)->next) {
        struct sm_text part;
        char number[24];
        py_node spec = sm_node(s, c)->kind == PY_FORMATTED ? py_child(s->tree, c, 1) : 0;
        bool plain = spec == 0 || sm_node(s, spec)->kind == PY_NONE;
        sm_build_part(s, plain ? s->val[c] : SM_V_UNKNOWN, number, &part);
        sm_build_add(&out, part.text, part.len);
        sm_build_absorb(&like, &part);
    }
    return sm_build_end(&out, &like);
}

static sm_val join_sequences(struct sm_scan *s, sm_val left, sm_val right)
{
    struct sm_value a = *sm_value_at(s, left), b = *sm_value_at(s, right);
    uint32_t total = a.len + b.len;
    if (total > SM_SEQ_MAX || s->folded + total * 4 > SM_FOLD_MAX)
        return sm_only_taint(a.taint | b.taint);
    sm_val *items = sm_alloc(&s->arena, (size_t)(total + 1) * sizeof *items);
    if (items == NULL)
        return s->failed = -ENOMEM, SM_V_UNKNOWN;
    s->folded += total * 4;
    if (a.len > 0)
        memcpy(items, a.u.items, a.len * sizeof *items);
    if (b.len > 0)
        memcpy(items + a.len, b.u.items, b.len * sizeof *items);
    return sm_items_make(s, SM_K_SEQ, items, total);
}

static sm_val int_binary(int op, long long a, long long b)
{
    switch (op) {
    case '+':
        return sm_int_make(a + b);
    case '-':
        return sm_int_make(a - b);
    case '*':
        return sm_int_make(a * b);
    case '^':
        return sm_int_make(a ^ b);
    case '&':
        return sm_int_make(a & b);
    case '|':
        return sm_int_make(a | b);
    case '%':
        return b == 0 ? SM_V_UNKNOWN : sm_int_make(((a % b) + b) % b);
    case PY_OP_FLOORDIV:
        return b <= 0 || a < 0 ? SM_V_UNKNOWN : sm_int_make(a / b);
    case PY_OP_LSHIFT:
        return b < 0 || b > 28 || a < 0 ? SM_V_UNKNOWN : sm_int_make(a << b);
    case PY_OP_RSHIFT:
        return b < 0 || b > 62 ? SM_V_UNKNOWN : sm_int_make(a >> b);
    default:
        return SM_V_UNKNOWN;
    }
}

static sm_val fold_pair(struct sm_scan *s, int op, sm_val left, sm_val right)
{
    struct sm_text a, b;
    long long x, y;
    bool texts = sm_text_get(s, left, &a), right_text = sm_text_get(s, right, &b);
    if (sm_int_get(s, left, &x) && sm_int_get(s, right, &y))
        return int_binary(op, x, y);
    if (op == '%' && texts)
        return percent(s, &a, right);
    if (op == '+' && sm_value_kind(s, left, SM_K_SEQ) != NULL && sm_value_kind(s, right, SM_K_SEQ) != NULL)
        return join_sequences(s, left, right);
    if (op == '+' && (texts || right_text))
        return sm_fold_concat(s, left, right);
    if (op == '*' && texts && sm_int_get(s, right, &y))
        return repeat(s, &a, y);
    if (op == '*' && right_text && sm_int_get(s, left, &x))
        return repeat(s, &b, x);
    if (op == '/' && right_text) { /* pathlib: the text stands for the path */
        sm_val slash = sm_text_make(s, "/", 1, &(struct sm_text){0});
        return sm_fold_concat(s, sm_fold_concat(s, left, slash), right);
    }
    return sm_only_taint(sm_taint(s, left) | sm_taint(s, right));
}

sm_val sm_fold_binary(struct sm_scan *s, int op, sm_val left, sm_val right)
{
    const sm_val *a, *b;
    sm_val one, other, items_a[SM_ALT_MAX], items_b[SM_ALT_MAX], out = SM_V_UNKNOWN;
    uint32_t n = sm_alts(s, left, &a, &one), m = sm_alts(s, right, &b, &other);
    if (n == 1 && m == 1)
        return fold_pair(s, op, left, right);
    memcpy(items_a, a, n * sizeof *a);
    memcpy(items_b, b, m * sizeof *b);
    for (uint32_t i = 0; i < n * m && i < SM_ALT_MAX; i++)
        out = sm_join(s, out, fold_pair(s, op, items_a[i / m], items_b[i % m]));
    return out;
}

sm_val sm_fold_unary(struct sm_scan *s, int op, sm_val v)
{
    long long n;
    if (op == PY_OP_NOT)
        return v == SM_V_TRUE ? SM_V_FALSE : v == SM_V_FALSE ? SM_V_TRUE : SM_V_UNKNOWN;
    if (!sm_int_get(s, v, &n))
        return sm_only_taint(sm_taint(s, v));
    return op == '-' ? sm_int_make(-n) : op == '~' ? sm_int_make(~n) : sm_int_make(n);
}

static bool bound(const struct sm_scan *s, py_node n, long long *out, bool *given)
{
    *given = n != 0 && sm_node(s, n)->kind != PY_NONE && s->val[n] != SM_V_NONE;
    return !*given || sm_int_get(s, s->val[n], out);
}

sm_val sm_fold_slice(struct sm_scan *s, sm_val base, py_node slice)
{
    struct sm_text t;
    const struct sm_value *seq = sm_value_kind(s, base, SM_K_SEQ);
    bool text = sm_text_whole(s, base, &t), has_from, has_to, has_step;
    long long from = 0, to = 0, step = 1, len = text ? t.len : seq != NULL ? seq->len : 0;
    bool known = bound(s, py_child(s->tree, slice, 0), &from, &has_from);
    known = bound(s, py_child(s->tree, slice, 1), &to, &has_to) && known;
    known = bound(s, py_child(s->tree, slice, 2), &step, &has_step) && known && step != 0;
    if (!known || (!text && (seq == NULL || seq->partial)))
        return sm_only_taint(sm_taint(s, base));
    from = has_from ? (from < 0 ? from + len : from) : step < 0 ? len - 1 : 0;
    to = has_to ? (to < 0 ? to + len : to) : step < 0 ? -1 : len;
    from = from < 0 ? (step < 0 ? -1 : 0) : from > len ? len : from;
    from = step < 0 && from > len - 1 ? len - 1 : from;
    to = to > len ? len : to < -1 ? -1 : to;
    to = step > 0 && to < 0 ? 0 : to;
    struct sm_builder out = {.s = s};
    struct sm_value copy = {0};
    if (seq != NULL)
        copy = *seq;
    sm_val list = text ? SM_V_UNKNOWN : sm_items_make(s, SM_K_SEQ, NULL, 0);
    if (!text && s->folded + 4 * len > SM_FOLD_MAX)
        return sm_only_taint(copy.taint);
    s->folded += text ? 0 : (uint32_t)(4 * len);
    for (long long i = from; step > 0 ? i < to : i > to; i += step) {
        if (text)
            sm_build_add(&out, t.text + i, 1);
        else if (list != SM_V_UNKNOWN)
            sm_items_push(s, list, &copy.u.items[i], 1);
    }
    return text ? sm_build_end(&out, &t) : list;
}

sm_val sm_fold_chr(struct sm_scan *s, sm_val v)
{
    long long n;
    struct sm_builder out = {.s = s};
    if (!sm_int_get(s, v, &n) || n < 0 || n > 0x10FFFF)
        return sm_only_taint(sm_taint(s, v));
    sm_build_room(&out, 4);
    sm_build_code_point(&out, (unsigned long)n);
    return sm_build_end(&out, &(struct sm_text){0});
}

sm_val sm_fold_ord(struct sm_scan *s, sm_val v)
{
    struct sm_text t;
    if (!sm_text_whole(s, v, &t) || t.len == 0)
        return sm_only_taint(sm_taint(s, v));
    const uint8_t *p = (const uint8_t *)t.text;
    if (p[0] < 0x80 || t.bytes)
        return t.len == 1 ? sm_int_make(p[0]) : SM_V_UNKNOWN;
    if (t.len == 2)
        return sm_int_make((p[0] & 0x1F) << 6 | (p[1] & 0x3F));
    if (t.len == 3)
        return sm_int_make((p[0] & 0x0F) << 12 | (p[1] & 0x3F) << 6 | (p[2] & 0x3F));
    return SM_V_UNKNOWN;
}

sm_val sm_fold_chars(struct sm_scan *s, sm_val v, bool bytes)
{
    const struct sm_value *seq = sm_value_kind(s, v, SM_K_SEQ);
    if (seq == NULL || seq->partial)
        return sm_only_taint(sm_taint(s, v));
    struct sm_value copy = *seq;
    struct sm_builder out = {.s = s};
    struct sm_text like = {.bytes = bytes, .taint = copy.taint};
    for (uint32_t i = 0; i < copy.len; i++) {
        long long n;
        struct sm_text part;
        char byte;
        if (bytes && sm_int_get(s, copy.u.items[i], &n) && n >= 0 && n < 256) {
            byte = (char)n;
            sm_build_add(&out, &byte, 1);
        } else if (!bytes && sm_text_get(s, copy.u.items[i], &part)) {
            sm_build_add(&out, part.text, part.len);
            sm_build_absorb(&like, &part);
        } else {
            return sm_only_taint(copy.taint);
        }
    }
    return sm_build_end(&out, &like);
}
