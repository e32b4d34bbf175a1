/* SPDX-License-Identifier: Apache-2.0 */
/* Constant folding of texts: what an attacker spells in pieces, whole again. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/smell_impl.h"

#define UNKNOWN_PART "\x01" /* stands in a partial text for what is not known */

/* A text being built at the arena's top. */
struct builder {
    struct sm_scan *s;
    char *text;
    size_t len, room;
    bool bad;
};

static bool build_room(struct builder *b, size_t more)
{
    if (b->bad || b->len + more > SM_TEXT_MAX) {
        b->bad = true;
        return false;
    }
    if (b->len + more <= b->room)
        return true;
    size_t room = (b->len + more) * 2 + 32;
    if (b->s->folded + room > SM_FOLD_MAX) {
        b->s->capped = true;
        b->bad = true;
        return false;
    }
    char *text = sm_alloc_text(&b->s->arena, room);
    if (text == NULL) {
        b->s->failed = -ENOMEM;
        b->bad = true;
        return false;
    }
    b->s->folded += (uint32_t)room;
    if (b->len > 0)
        memcpy(text, b->text, b->len);
    b->text = text;
    b->room = room;
    return true;
}

static void build_add(struct builder *b, const char *text, size_t len)
{
    if (len == 0 || !build_room(b, len))
        return;
    memcpy(b->text + b->len, text, len);
    b->len += len;
}

static void build_code_point(struct builder *b, unsigned long c)
{
    char out[4];
    size_t n;
    if (c < 0x80) {
        out[0] = (char)c;
        n = 1;
    } else if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        n = 2;
    } else if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        n = 3;
    } else {
        out[0] = (char)(0xF0 | (c >> 18 & 7));
        out[1] = (char)(0x80 | (c >> 12 & 0x3F));
        out[2] = (char)(0x80 | (c >> 6 & 0x3F));
        out[3] = (char)(0x80 | (c & 0x3F));
        n = 4;
    }
    build_add(b, out, n);
}

static sm_val build_end(struct builder *b, const struct sm_text *like)
{
    if (b->bad)
        return like->taint == 0 ? SM_V_UNKNOWN : sm_make(SM_T_TAINT, like->taint);
    return sm_text_make(b->s, b->text == NULL ? "" : b->text, b->len, like);
}

/* What a value looks like as text in a format; false: unknown. */
static bool as_text(const struct sm_scan *s, sm_val v, char *number, struct sm_text *out)
{
    long long n;
    if (sm_text_get(s, v, out))
        return true;
    if (sm_tag(v) == SM_T_INT && sm_int_get(s, v, &n)) {
        int len = snprintf(number, 24, "%lld", n);
        *out = (struct sm_text){number, (uint32_t)len, false, false, 0, 0};
        return true;
    }
    *out = (struct sm_text){UNKNOWN_PART, 1, false, true, sm_taint(s, v), 0};
    return false;
}

static void absorb(struct sm_text *like, const struct sm_text *part)
{
    like->partial = like->partial || part->partial;
    like->taint |= part->taint;
    like->layers = like->layers == 0 ? part->layers : like->layers;
}

sm_val sm_fold_concat(struct sm_scan *s, sm_val left, sm_val right)
{
    struct sm_text a, b;
    bool has_a = sm_text_get(s, left, &a), has_b = sm_text_get(s, right, &b);
    uint32_t taint = sm_taint(s, left) | sm_taint(s, right);
    if (!has_a && !has_b)
        return sm_only_taint(taint);
    char number[24];
    if (!has_a)
        as_text(s, SM_V_UNKNOWN, number, &a);
    if (!has_b)
        as_text(s, SM_V_UNKNOWN, number, &b);
    struct sm_text like = a;
    like.bytes = has_a ? a.bytes : b.bytes;
    absorb(&like, &b);
    like.taint |= taint;
    if (a.len + b.len <= SM_TEXT_MAX && sm_extend(&s->arena, a.text, a.len, b.len)) {
        memcpy(s->arena.top - b.len, b.text, b.len); /* `x += "..."` over and over stays linear */
        return sm_text_make(s, a.text, a.len + b.len, &like);
    }
    struct builder out = {.s = s};
    size_t total = (size_t)a.len + b.len;
    if (total <= SM_TEXT_MAX && s->folded + total <= SM_FOLD_MAX) {
        out.text = sm_alloc_text(&s->arena, total);
        out.room = out.text == NULL ? 0 : total;
        s->folded += (uint32_t)total;
    }
    build_add(&out, a.text, a.len);
    build_add(&out, b.text, b.len);
    return build_end(&out, &like);
}

static sm_val repeat(struct sm_scan *s, const struct sm_text *t, long long times)
{
    struct builder out = {.s = s};
    if (times < 0)
        times = 0;
    if (t->len > 0 && times > SM_TEXT_MAX / (long long)t->len)
        return sm_only_taint(t->taint);
    for (long long i = 0; i < times && t->len > 0 && !out.bad; i++)
        build_add(&out, t->text, t->len);
    return build_end(&out, t);
}

/* One %-conversion or {}-field at a time; what is more than %s, %d, %c, {} and {name} is unknown. */
static sm_val percent(struct sm_scan *s, const struct sm_text *format, sm_val right)
{
    struct builder out = {.s = s};
    struct sm_text like = *format;
    const struct sm_value *tuple = sm_value_kind(s, right, SM_K_SEQ);
    uint32_t next = 0;
    for (uint32_t i = 0; i < format->len; i++) {
        if (format->text[i] != '%') {
            build_add(&out, format->text + i, 1);
            continue;
        }
        char kind = ++i < format->len ? format->text[i] : '%';
        if (kind == '%') {
            build_add(&out, "%", 1);
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
            build_code_point(&out, (unsigned long)code);
            continue;
        }
        as_text(s, v, number, &part);
        build_add(&out, part.text, part.len);
        absorb(&like, &part);
    }
    like.taint |= sm_taint(s, right);
    return build_end(&out, &like);
}

static sm_val format_field(const struct sm_scan *s, const char *field, size_t len, uint32_t *automatic,
                           const struct sm_args *args)
{
    size_t n = 0;
    while (n < len && (isalnum((unsigned char)field[n]) || field[n] == '_'))
        n++;
    if (n != len && field[n] != ':' && field[n] != '!')
        return SM_V_UNKNOWN; /* {0.attr}, {0[x]} */
    if (n == 0)
        return *automatic < args->npos ? args->pos[(*automatic)++] : SM_V_UNKNOWN;
    if (isdigit((unsigned char)field[0])) {
        unsigned long at = strtoul(field, NULL, 10);
        return at < args->npos ? args->pos[at] : SM_V_UNKNOWN;
    }
    for (uint32_t i = 0; i < args->nkw; i++) {
        const struct sm_name *name = sm_name_at(&s->names, args->kw_name[i]);
        if (name->len == n && memcmp(name->text, field, n) == 0)
            return args->kw[i];
    }
    return SM_V_UNKNOWN;
}

static sm_val format(struct sm_scan *s, const struct sm_text *t, const struct sm_args *args)
{
    struct builder out = {.s = s};
    struct sm_text like = *t;
    uint32_t automatic = 0;
    for (uint32_t i = 0; i < t->len; i++) {
        char c = t->text[i];
        if ((c == '{' || c == '}') && i + 1 < t->len && t->text[i + 1] == c) {
            build_add(&out, &c, 1);
            i++;
            continue;
        }
        const char *close = c == '{' ? memchr(t->text + i, '}', t->len - i) : NULL;
        if (close == NULL) {
            build_add(&out, &c, 1);
            continue;
        }
        const char *field = t->text + i + 1;
        struct sm_text part;
        char number[24];
        as_text(s, format_field(s, field, (size_t)(close - field), &automatic, args), number, &part);
        build_add(&out, part.text, part.len);
        absorb(&like, &part);
        i = (uint32_t)(close - t->text);
    }
    like.taint |= args->taint;
    return build_end(&out, &like);
}

sm_val sm_fold_fstring(struct sm_scan *s, py_node n)
{
    struct builder out = {.s = s};
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
        as_text(s, plain ? s->val[c] : SM_V_UNKNOWN, number, &part);
        build_add(&out, part.text, part.len);
        absorb(&like, &part);
    }
    return build_end(&out, &like);
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
    struct builder out = {.s = s};
    struct sm_value copy = {0};
    if (seq != NULL)
        copy = *seq;
    sm_val list = text ? SM_V_UNKNOWN : sm_items_make(s, SM_K_SEQ, NULL, 0);
    if (!text && s->folded + 4 * len > SM_FOLD_MAX)
        return sm_only_taint(copy.taint);
    s->folded += text ? 0 : (uint32_t)(4 * len);
    for (long long i = from; step > 0 ? i < to : i > to; i += step) {
        if (text)
            build_add(&out, t.text + i, 1);
        else if (list != SM_V_UNKNOWN)
            sm_items_push(s, list, &copy.u.items[i], 1);
    }
    return text ? build_end(&out, &t) : list;
}

sm_val sm_fold_chr(struct sm_scan *s, sm_val v)
{
    long long n;
    struct builder out = {.s = s};
    if (!sm_int_get(s, v, &n) || n < 0 || n > 0x10FFFF)
        return sm_only_taint(sm_taint(s, v));
    build_room(&out, 4);
    build_code_point(&out, (unsigned long)n);
    return build_end(&out, &(struct sm_text){0});
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
    struct builder out = {.s = s};
    struct sm_text like = {.bytes = bytes, .taint = copy.taint};
    for (uint32_t i = 0; i < copy.len; i++) {
        long long n;
        struct sm_text part;
        char byte;
        if (bytes && sm_int_get(s, copy.u.items[i], &n) && n >= 0 && n < 256) {
            byte = (char)n;
            build_add(&out, &byte, 1);
        } else if (!bytes && sm_text_get(s, copy.u.items[i], &part)) {
            build_add(&out, part.text, part.len);
            absorb(&like, &part);
        } else {
            return sm_only_taint(copy.taint);
        }
    }
    return build_end(&out, &like);
}

/* --- methods of texts --- */

static sm_val join(struct sm_scan *s, const struct sm_text *glue, sm_val over)
{
    struct sm_text text;
    if (sm_text_whole(s, over, &text)) { /* "".join("abc") */
        if (glue->len == 0)
            return over;
        return SM_V_UNKNOWN;
    }
    const struct sm_value *seq = sm_value_kind(s, over, SM_K_SEQ);
    if (seq == NULL || seq->partial)
        return sm_only_taint(sm_taint(s, over) | glue->taint);
    struct sm_value copy = *seq;
    struct builder out = {.s = s};
    struct sm_text like = *glue;
    like.taint |= copy.taint;
    for (uint32_t i = 0; i < copy.len; i++) {
        char number[24];
        struct sm_text part;
        as_text(s, sm_tag(copy.u.items[i]) == SM_T_INT ? SM_V_UNKNOWN : copy.u.items[i], number, &part);
        if (i > 0)
            build_add(&out, glue->text, glue->len);
        build_add(&out, part.text, part.len);
        absorb(&like, &part);
    }
    return build_end(&out, &like);
}

static sm_val replace(struct sm_scan *s, const struct sm_text *t, const struct sm_text *old,
                      const struct sm_text *new_text)
{
    struct builder out = {.s = s};
    if (old->len == 0)
        return SM_V_UNKNOWN;
    const char *at = t->text, *end = t->text + t->len, *hit;
    while ((hit = memmem(at, (size_t)(end - at), old->text, old->len)) != NULL) {
        build_add(&out, at, (size_t)(hit - at));
        build_add(&out, new_text->text, new_text->len);
        at = hit + old->len;
    }
    build_add(&out, at, (size_t)(end - at));
    return build_end(&out, t);
}

static sm_val change_case(struct sm_scan *s, const struct sm_text *t, int (*change)(int))
{
    struct builder out = {.s = s};
    if (!build_room(&out, t->len))
        return SM_V_UNKNOWN;
    for (uint32_t i = 0; i < t->len; i++)
        out.text[i] = (uint8_t)t->text[i] < 0x80 ? (char)change((unsigned char)t->text[i]) : t->text[i];
    out.len = t->len;
    return build_end(&out, t);
}

static int swap_one(int c)
{
    return isupper(c) ? tolower(c) : toupper(c);
}

static sm_val strip(struct sm_scan *s, const struct sm_text *t, const struct sm_text *set, int ends)
{
    const char *from = t->text, *to = t->text + t->len;
    while ((ends & 1) != 0 && from < to && memchr(set->text, *from, set->len) != NULL)
        from++;
    while ((ends & 2) != 0 && to > from && memchr(set->text, to[-1], set->len) != NULL)
        to--;
    return sm_text_make(s, from, (size_t)(to - from), t);
}

static sm_val split(struct sm_scan *s, const struct sm_text *t, const struct sm_text *by)
{
    sm_val list = sm_items_make(s, SM_K_SEQ, NULL, 0);
    const char *at = t->text, *end = at + t->len;
    while (list != SM_V_UNKNOWN && at <= end) {
        const char *hit = by->len == 0 ? NULL : memmem(at, (size_t)(end - at), by->text, by->len);
        if (by->len == 0) {
            while (at < end && isspace((unsigned char)*at))
                at++;
            for (hit = at; hit < end && !isspace((unsigned char)*hit);)
                hit++;
            if (hit == at)
                break;
        }
        sm_val part = sm_text_make(s, at, (size_t)((hit == NULL ? end : hit) - at), t);
        sm_items_push(s, list, &part, 1);
        if (hit == NULL || s->values[list].len > 4096)
            break;
        at = hit + (by->len == 0 ? 0 : by->len);
    }
    return list;
}

static sm_val encode(struct sm_scan *s, const struct sm_text *t, bool to_bytes, sm_val codec, py_node call)
{
    struct sm_text name, like = *t;
    bool named = sm_text_whole(s, codec, &name);
    enum sm_codec c = named ? sm_codec_find(name.text, name.len) : (enum sm_codec)0;
    if (c != 0)
        return sm_layer_decode(s, c, sm_text_make(s, t->text, t->len, t), call);
    like.bytes = to_bytes;
    return sm_text_make(s, t->text, t->len, &like);
}

enum method {
    M_JOIN,
    M_REPLACE,
    M_FORMAT,
    M_UPPER,
    M_LOWER,
    M_SWAPCASE,
    M_STRIP,
    M_LSTRIP,
    M_RSTRIP,
    M_SPLIT,
    M_DECODE,
    M_ENCODE,
    M_SAME,
    M_JOINPATH
};
static const struct {
    const char *name;
    enum method method;
} methods[] = {{"join", M_JOIN},         {"replace", M_REPLACE}, {"format", M_FORMAT},
               {"upper", M_UPPER},       {"lower", M_LOWER},     {"casefold", M_LOWER},
               {"swapcase", M_SWAPCASE}, {"strip", M_STRIP},     {"lstrip", M_LSTRIP},
               {"rstrip", M_RSTRIP},     {"split", M_SPLIT},     {"decode", M_DECODE},
               {"encode", M_ENCODE},     {"expanduser", M_SAME}, {"resolve", M_SAME},
               {"absolute", M_SAME},     {"__str__", M_SAME},    {"as_posix", M_SAME},
               {"tobytes", M_SAME},      {"getvalue", M_SAME},   {"joinpath", M_JOINPATH}};

static bool method_find(const struct sm_scan *s, uint32_t name, enum method *out)
{
    const struct sm_name *n = sm_name_at(&s->names, name);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strlen(methods[i].name) == n->len && memcmp(methods[i].name, n->text, n->len) == 0) {
            *out = methods[i].method;
            return true;
        }
    }
    return false;
}

static sm_val joined_path(struct sm_scan *s, sm_val out, const struct sm_args *args)
{
    sm_val slash = sm_text_make(s, "/", 1, &(struct sm_text){0});
    for (uint32_t i = 0; i < args->npos; i++)
        out = sm_fold_concat(s, sm_fold_concat(s, out, slash), args->pos[i]);
    return out;
}

bool sm_fold_method(struct sm_scan *s, sm_val recv, uint32_t name, const struct sm_args *args, py_node call,
                    sm_val *out)
{
    struct sm_text t, a = {0}, b = {0};
    enum method method;
    if (!sm_text_get(s, recv, &t) || !method_find(s, name, &method))
        return false;
    sm_val first = args->npos > 0 ? args->pos[0] : SM_V_UNKNOWN,
           second = args->npos > 1 ? args->pos[1] : SM_V_UNKNOWN;
    bool has_a = sm_text_whole(s, first, &a), has_b = sm_text_whole(s, second, &b);
    const struct sm_text blanks = {" \t\r\n\f\v", 6, t.bytes, false, 0, 0}, nothing = {0};
    if (args->npos == 0)
        a = method == M_SPLIT ? nothing : blanks;
    *out = sm_only_taint(t.taint | args->taint);
    switch (method) {
    case M_JOIN:
        *out = join(s, &t, first);
        break;
    case M_REPLACE:
        *out = has_a && has_b ? replace(s, &t, &a, &b) : *out;
        break;
    case M_FORMAT:
        *out = format(s, &t, args);
        break;
    case M_UPPER:
        *out = change_case(s, &t, toupper);
        break;
    case M_LOWER:
        *out = change_case(s, &t, tolower);
        break;
    case M_SWAPCASE:
        *out = change_case(s, &t, swap_one);
        break;
    case M_STRIP:
        *out = has_a || args->npos == 0 ? strip(s, &t, &a, 3) : *out;
        break;
    case M_LSTRIP:
        *out = has_a || args->npos == 0 ? strip(s, &t, &a, 1) : *out;
        break;
    case M_RSTRIP:
        *out = has_a || args->npos == 0 ? strip(s, &t, &a, 2) : *out;
        break;
    case M_SPLIT:
        *out = has_a || args->npos == 0 ? split(s, &t, &a) : *out;
        break;
    case M_DECODE:
        *out = encode(s, &t, false, first, call);
        break;
    case M_ENCODE:
        *out = encode(s, &t, true, first, call);
        break;
    case M_SAME:
        *out = recv;
        break;
    case M_JOINPATH:
        *out = joined_path(s, recv, args);
        break;
    }
    return true;
}
