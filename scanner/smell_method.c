/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of texts, folded: "".join(), replace(), format(), decode() and their kind. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/smell_build.h"

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
    struct sm_builder out = {.s = s};
    struct sm_text like = *t;
    uint32_t automatic = 0;
    for (uint32_t i = 0; i < t->len; i++) {
        char c = t->text[i];
        if ((c == '{' || c == '}') && i + 1 < t->len && t->text[i + 1] == c) {
            sm_build_add(&out, &c, 1);
            i++;
            continue;
        }
        const char *close = c == '{' ? memchr(t->text + i, '}', t->len - i) : NULL;
        if (close == NULL) {
            sm_build_add(&out, &c, 1);
            continue;
        }
        const char *field = t->text + i + 1;
        struct sm_text part;
        char number[24];
        sm_build_part(s, format_field(s, field, (size_t)(close - field), &automatic, args), number, &part);
        sm_build_add(&out, part.text, part.len);
        sm_build_absorb(&like, &part);
        i = (uint32_t)(close - t->text);
    }
    like.taint |= args->taint;
    return sm_build_end(&out, &like);
}

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
    struct sm_builder out = {.s = s};
    struct sm_text like = *glue;
    like.taint |= copy.taint;
    for (uint32_t i = 0; i < copy.len; i++) {
        char number[24];
        struct sm_text part;
        sm_build_part(s, sm_tag(copy.u.items[i]) == SM_T_INT ? SM_V_UNKNOWN : copy.u.items[i], number, &part);
        if (i > 0)
            sm_build_add(&out, glue->text, glue->len);
        sm_build_add(&out, part.text, part.len);
        sm_build_absorb(&like, &part);
    }
    return sm_build_end(&out, &like);
}

static sm_val replace(struct sm_scan *s, const struct sm_text *t, const struct sm_text *old,
                      const struct sm_text *new_text)
{
    struct sm_builder out = {.s = s};
    if (old->len == 0)
        return SM_V_UNKNOWN;
    const char *at = t->text, *end = t->text + t->len, *hit;
    while ((hit = memmem(at, (size_t)(end - at), old->text, old->len)) != NULL) {
        sm_build_add(&out, at, (size_t)(hit - at));
        sm_build_add(&out, new_text->text, new_text->len);
        at = hit + old->len;
    }
    sm_build_add(&out, at, (size_t)(end - at));
    return sm_build_end(&out, t);
}

static sm_val change_case(struct sm_scan *s, const struct sm_text *t, int (*change)(int))
{
    struct sm_builder out = {.s = s};
    if (!sm_build_room(&out, t->len))
        return SM_V_UNKNOWN;
    for (uint32_t i = 0; i < t->len; i++)
        out.text[i] = (uint8_t)t->text[i] < 0x80 ? (char)change((unsigned char)t->text[i]) : t->text[i];
    out.len = t->len;
    return sm_build_end(&out, t);
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
