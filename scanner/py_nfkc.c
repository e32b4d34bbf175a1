/* SPDX-License-Identifier: Apache-2.0 */
/* Names as Python compares them: NFKC, so that a name in full-width or mathematical letters is the plain one.
 */
#include <stdlib.h>
#include <string.h>

#include "scanner/nfkc_table.h"
#include "scanner/py_internal.h"

enum {
    NAME_MAX_BYTES = 1024, /* of a name that is not ASCII: keeps sorting the marks cheap */
    NAME_MAX_CHARS = NAME_MAX_BYTES * 2,
    S_BASE = 0xAC00,
    L_BASE = 0x1100,
    V_BASE = 0x1161,
    T_BASE = 0x11A7,
    L_COUNT = 19,
    V_COUNT = 21,
    T_COUNT_HANGUL = 28,
    S_COUNT = L_COUNT * V_COUNT * T_COUNT_HANGUL,
};
#define COUNT(a) (sizeof(a) / sizeof *(a))

struct chars {
    uint32_t cp[NAME_MAX_CHARS];
    uint8_t ccc[NAME_MAX_CHARS];
    size_t n;
};

static int by_cp(const void *key, const void *row)
{
    const uint32_t cp = *(const uint32_t *)key;
    const struct nfkc_decomposition *d = row;

    return (cp > d->cp) - (cp < d->cp);
}

static int by_range(const void *key, const void *row)
{
    const uint32_t cp = *(const uint32_t *)key;
    const struct nfkc_class *c = row;

    return (cp > c->last) - (cp < c->first);
}

static int by_pair(const void *key, const void *row)
{
    const struct nfkc_pair *k = key, *r = row;

    return k->a != r->a ? (k->a > r->a) - (k->a < r->a) : (k->b > r->b) - (k->b < r->b);
}

static int by_name(const void *key, const void *row)
{
    return strcmp(key, ((const struct char_name *)row)->name);
}

static void add(struct chars *c, uint32_t cp)
{
    const struct nfkc_class *k;

    if (c->n == NAME_MAX_CHARS)
        return;
    k = cp < 0x300 ? NULL : bsearch(&cp, nfkc_classes, COUNT(nfkc_classes), sizeof *nfkc_classes, by_range);
    c->cp[c->n] = cp;
    c->ccc[c->n++] = k != NULL ? k->ccc : 0;
}

static void add_decomposed(struct chars *c, uint32_t cp)
{
    const struct nfkc_decomposition *d;

    if (cp - S_BASE < S_COUNT) {
        const uint32_t s = cp - S_BASE;
        add(c, L_BASE + s / (V_COUNT * T_COUNT_HANGUL));
        add(c, V_BASE + s % (V_COUNT * T_COUNT_HANGUL) / T_COUNT_HANGUL);
        if (s % T_COUNT_HANGUL != 0)
            add(c, T_BASE + s % T_COUNT_HANGUL);
        return;
    }
    d = cp < 0x80 ? NULL : bsearch(&cp, nfkc_decompositions, COUNT(nfkc_decompositions), sizeof *d, by_cp);
    if (d == NULL)
        add(c, cp);
    else
        for (unsigned i = 0; i < d->len; i++)
            add(c, nfkc_pool[d->at + i]);
}

/* Canonical order: marks after one base character, sorted by class, equal ones left as they are. */
static void sort_marks(struct chars *c)
{
    for (size_t i = 1; i < c->n; i++) {
        const uint32_t cp = c->cp[i];
        const uint8_t ccc = c->ccc[i];
        size_t j = i;

        if (ccc == 0)
            continue;
        for (; j > 0 && c->ccc[j - 1] > ccc; j--) {
            c->cp[j] = c->cp[j - 1];
            c->ccc[j] = c->ccc[j - 1];
        }
        c->cp[j] = cp;
        c->ccc[j] = ccc;
    }
}

/* 0 when the two do not compose. */
static uint32_t compose(uint32_t a, uint32_t b)
{
    const struct nfkc_pair key = {a, b, 0}, *row;

    if (a - L_BASE < L_COUNT && b - V_BASE < V_COUNT)
        return S_BASE + ((a - L_BASE) * V_COUNT + (b - V_BASE)) * T_COUNT_HANGUL;
    if (a - S_BASE < S_COUNT && (a - S_BASE) % T_COUNT_HANGUL == 0 && b - T_BASE - 1 < T_COUNT_HANGUL - 1)
        return a + (b - T_BASE);
    row = bsearch(&key, nfkc_pairs, COUNT(nfkc_pairs), sizeof *row, by_pair);
    return row != NULL ? row->cp : 0;
}

static void compose_all(struct chars *c)
{
    size_t out = 0, starter = SIZE_MAX;

    for (size_t i = 0; i < c->n; i++) {
        const uint32_t cp = c->cp[i];
        const uint8_t ccc = c->ccc[i];
        /* blocked when a mark of the same or a higher class, or another starter, stands between */
        const int near =
            starter != SIZE_MAX && (out == starter + 1 || (c->ccc[out - 1] != 0 && c->ccc[out - 1] < ccc));
        const uint32_t both = near ? compose(c->cp[starter], cp) : 0;

        if (both != 0) {
            c->cp[starter] = both;
            continue;
        }
        c->cp[out] = cp;
        c->ccc[out] = ccc;
        if (ccc == 0)
            starter = out;
        out++;
    }
    c->n = out;
}

/* One character of valid UTF-8; for a broken one a single byte, so that it always gets on. */
static size_t utf8_get(const char *s, size_t len, uint32_t *cp)
{
    const unsigned char *u = (const unsigned char *)s;
    const unsigned n = u[0] < 0xC0 ? 1 : u[0] < 0xE0 ? 2 : u[0] < 0xF0 ? 3 : 4;

    if (n == 1 || n > len) {
        *cp = u[0];
        return 1;
    }
    *cp = u[0] & (0xFFU >> (n + 1));
    for (unsigned i = 1; i < n; i++)
        *cp = *cp << 6 | (u[i] & 0x3FU);
    return n;
}

void py_acc_nfkc(struct py_parser *p, const char *s, size_t len)
{
    struct chars c;
    char utf8[4];

    if (len > NAME_MAX_BYTES) {
        py_fail(p, PY_E_SIZE, p->tok.line, p->tok.column, "name too long");
        return;
    }
    c.n = 0;
    for (size_t i = 0; i < len;) {
        uint32_t cp;
        i += utf8_get(s + i, len - i, &cp);
        add_decomposed(&c, cp);
    }
    sort_marks(&c);
    compose_all(&c);
    for (size_t i = 0; i < c.n; i++)
        py_acc_bytes(p, utf8, py_utf8_put(c.cp[i], utf8));
}

uint32_t py_char_by_name(const char *name, size_t len)
{
    char upper[64];
    const struct char_name *row;

    if (len >= sizeof upper)
        return 0xFFFD;
    for (size_t i = 0; i < len; i++)
        upper[i] = name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 32) : name[i];
    upper[len] = 0;
    row = bsearch(upper, char_names, COUNT(char_names), sizeof *row, by_name);
    return row != NULL ? row->cp : 0xFFFD;
}
