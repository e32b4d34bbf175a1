/* SPDX-License-Identifier: Apache-2.0 */
/* Names and string values: escapes, and text that is put together from several tokens. */
#include <stdlib.h>
#include <string.h>

#include "scanner/py_internal.h"

/* --- the accumulator --------------------------------------------------------------------------------------
 */

static char *acc_room(struct py_parser *p, size_t len)
{
    if (p->acc == NULL || p->acc_cap - p->acc_len < len) {
        const size_t cap = (p->acc_cap + len) * 2 + 64;
        char *more = realloc(p->acc, cap);
        if (more == NULL) {
            py_fail(p, PY_E_NOMEM, 0, 0, "out of memory");
            return NULL;
        }
        p->acc = more;
        p->acc_cap = cap;
    }
    return p->acc + p->acc_len;
}

void py_acc_bytes(struct py_parser *p, const char *s, size_t len)
{
    char *to = acc_room(p, len);

    if (to == NULL || len == 0)
        return;
    memcpy(to, s, len);
    p->acc_len += len;
}

void py_acc_take(struct py_parser *p, py_node n)
{
    char *text = py_arena_alloc(p, p->acc_len + 1);

    if (text == NULL)
        return;
    if (p->acc_len != 0)
        memcpy(text, p->acc, p->acc_len);
    p->nodes[n].text = text;
    p->nodes[n].text_len = (uint32_t)p->acc_len;
    p->acc_len = 0;
}

void py_acc_name(struct py_parser *p, const struct py_token *name)
{
    if (name->flags & PY_TF_NONASCII)
        py_acc_nfkc(p, name->start, name->len);
    else
        py_acc_bytes(p, name->start, name->len);
}

void py_set_name(struct py_parser *p, py_node n, const struct py_token *name)
{
    if (name->type == T_NAME && (name->flags & PY_TF_NONASCII)) {
        const size_t before = p->acc_len;
        char *text;

        py_acc_nfkc(p, name->start, name->len); /* behind what may be there already */
        if (p->acc_len == before)               /* refused: the error is noted */
            return;
        text = py_arena_alloc(p, p->acc_len - before + 1);
        if (text == NULL)
            return;
        memcpy(text, p->acc + before, p->acc_len - before);
        p->nodes[n].text = text;
        p->nodes[n].text_len = (uint32_t)(p->acc_len - before);
        p->acc_len = before;
        return;
    }
    p->nodes[n].text = name->start;
    p->nodes[n].text_len = name->len;
}

/* --- escapes ----------------------------------------------------------------------------------------------
 */

/* Surrogates are written as they are (WTF-8): Python strings may hold them. */
size_t py_utf8_put(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* Up to `max` digits of a base; their number is returned. */
static size_t number(const char *s, const char *end, size_t max, int base, uint32_t *value)
{
    size_t n = 0;

    *value = 0;
    while (n < max && s + n < end && digit_of(s[n]) < base) {
        *value = *value * (uint32_t)base + (uint32_t)digit_of(s[n]);
        n++;
    }
    return n;
}

/* What stands for itself in one letter; 0 = not one of these. */
static const char simple[256] = {
    ['\\'] = '\\', ['\''] = '\'', ['"'] = '"',  ['a'] = '\a', ['b'] = '\b',
    ['f'] = '\f',  ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t', ['v'] = '\v',
};

static size_t put_value(uint32_t value, int bytes, char *out)
{
    if (!bytes)
        return py_utf8_put(value, out);
    out[0] = (char)(value & 0xFF);
    return 1;
}

/* \N{NAME} at s ("N{..."): how much of it is the escape, 0 if it is none. */
static size_t named(const char *s, const char *end, uint32_t *value)
{
    const size_t within = end - s < 100 ? (size_t)(end - s) : 100; /* longer than any name */
    const char *close = within > 2 && s[1] == '{' ? memchr(s, '}', within) : NULL;

    if (close == NULL)
        return 0;
    *value = py_char_by_name(s + 2, (size_t)(close - s) - 2);
    return (size_t)(close - s) + 1;
}

/* The escape after a backslash; `s` is behind the backslash. How much was read, and in *len what was written.
 * An escape that is none keeps its backslash, as in Python. No escape is longer than what it is written with.
 */
static size_t escape(const char *s, const char *end, int bytes, char *out, size_t *len)
{
    uint32_t value;
    size_t n, want = 0;

    *len = 0;
    if (*s == '\n')
        return 1;
    if (simple[(unsigned char)*s]) {
        out[(*len)++] = simple[(unsigned char)*s];
        return 1;
    }
    n = number(s, end, 3, 8, &value);
    if (n != 0) {
        *len = put_value(value, bytes, out);
        return n;
    }
    if (*s == 'x')
        want = 2;
    else if (!bytes && (*s == 'u' || *s == 'U'))
        want = *s == 'u' ? 4 : 8;
    if (want != 0 && number(s + 1, end, want, 16, &value) == want && value <= 0x10FFFF) {
        *len = put_value(value, bytes, out);
        return want + 1;
    }
    n = *s == 'N' && !bytes ? named(s, end, &value) : 0;
    if (n != 0) {
        *len = put_value(value, bytes, out);
        return n;
    }
    out[(*len)++] = '\\';
    return 0;
}

/* `out` has room for `len` bytes. */
static size_t unescape(const char *s, size_t len, int bytes, char *out)
{
    const char *end = s + len;
    char *o = out;

    while (s < end) {
        const char *b = memchr(s, '\\', (size_t)(end - s));
        const size_t plain = (size_t)((b != NULL ? b : end) - s);
        size_t n;

        memcpy(o, s, plain);
        o += plain;
        s += plain;
        if (s == end)
            break;
        if (s + 1 == end) {
            *o++ = *s;
            break;
        }
        s += 1 + escape(s + 1, end, bytes, o, &n);
        o += n;
    }
    return (size_t)(o - out);
}

void py_acc_string(struct py_parser *p, const struct py_token *t)
{
    if (!(t->flags & PY_TF_ESCAPES) || (t->flags & PY_TF_RAW)) {
        py_acc_bytes(p, t->start, t->len);
    } else {
        char *to = acc_room(p, t->len);
        if (to != NULL)
            p->acc_len += unescape(t->start, t->len, t->flags & PY_TF_BYTES, to);
    }
}

void py_set_string(struct py_parser *p, py_node n, const struct py_token *t)
{
    char *to;

    if (!(t->flags & PY_TF_ESCAPES) || (t->flags & PY_TF_RAW)) {
        p->nodes[n].text = t->start;
        p->nodes[n].text_len = t->len;
        return;
    }
    to = py_arena_alloc(p, t->len);
    if (to == NULL)
        return;
    p->nodes[n].text = to;
    p->nodes[n].text_len = (uint32_t)unescape(t->start, t->len, t->flags & PY_TF_BYTES, to);
}
