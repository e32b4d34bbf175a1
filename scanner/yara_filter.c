/* SPDX-License-Identifier: Apache-2.0 */
/* Most files hold no string that any rule turns on, but libyara's automaton pays for every byte of them. Here
 * the same atoms (the up to four bytes that libyara looks for before it tries a string) are looked up by a
 * hash of three bytes, of the strings alone without which no rule can match. The atoms are read from
 * libyara's own automaton: what it would try, this sees. */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yara.h>
#include <yara/ahocorasick.h>

#include "scanner/yara_internal.h"

#define KEY      4 /* bytes that are hashed: libyara's longest atom */
#define SHORTEST 3
#define HASH_BIT 16

struct atom {
    uint8_t bytes[YR_MAX_ATOM_LENGTH];
    uint8_t length;
    const YR_STRING *literal; /* the whole string, when it is plain bytes: it is compared too */
    uint32_t back;            /* from the end of the atom to the start of the literal */
    uint32_t next;            /* 1 + index of the next atom of the same hash, 0 at the end */
};

struct hg_yara_filter {
    uint64_t set[(1u << HASH_BIT) / 64];
    uint32_t head[1u << HASH_BIT]; /* 1 + index in atoms */
    struct atom *atoms;
    uint32_t count, room;
};

static inline uint32_t hash(uint32_t key)
{
    return (key * 2654435761u) >> (32 - HASH_BIT);
}

static int link_atom(struct hg_yara_filter *f, const struct atom *atom, uint32_t slot)
{
    if (f->count == f->room) {
        uint32_t room = f->room * 2 + 512;
        struct atom *grown = reallocarray(f->atoms, room, sizeof *grown);
        if (grown == NULL)
            return -ENOMEM;
        f->atoms = grown;
        f->room = room;
    }
    f->atoms[f->count] = *atom;
    f->atoms[f->count].next = f->head[slot];
    f->head[slot] = ++f->count;
    f->set[slot / 64] |= UINT64_C(1) << (slot % 64);
    return 0;
}

/* An atom of three bytes is found whatever the fourth is. */
static int add_atom(struct hg_yara_filter *f, const YR_AC_MATCH *match, const uint8_t *path, unsigned depth)
{
    const uint32_t modified =
        STRING_FLAGS_WIDE | STRING_FLAGS_XOR | STRING_FLAGS_BASE64 | STRING_FLAGS_BASE64_WIDE;
    const YR_STRING *string = match->string;
    int plain = STRING_IS_LITERAL(string) && (string->flags & modified) == 0, rc = 0;
    struct atom a = {.length = (uint8_t)depth, .literal = plain ? string : NULL, .back = match->backtrack};
    if (depth < SHORTEST)
        return -EINVAL;
    memcpy(a.bytes, path, depth);
    uint32_t start = path[0] | (uint32_t)path[1] << 8 | (uint32_t)path[2] << 16;
    if (depth == KEY)
        return link_atom(f, &a, hash(start | (uint32_t)path[3] << 24));
    for (uint32_t last = 0; last < 256 && rc == 0; last++)
        rc = link_atom(f, &a, hash(start | last << 24));
    return rc;
}

/* The automaton is a trie of the atoms, so at most four levels deep. A state also lists the strings whose
 * atom is a tail of its path: they are added again with the longer path, which costs little and loses
 * nothing. */
static int add_state(struct hg_yara_filter *f, const YR_RULES *rules, uint32_t state, uint8_t *path,
                     unsigned depth)
{
    uint32_t first = rules->ac_match_table[state];
    int rc = 0;
    for (const YR_AC_MATCH *m = first == 0 ? NULL : &rules->ac_match_pool[first - 1]; m != NULL && rc == 0;
         m = m->next) {
        if (!hg_yara_is_context(m->string))
            rc = add_atom(f, m, path, depth);
    }
    for (unsigned byte = 0; byte < 256 && rc == 0; byte++) {
        YR_AC_TRANSITION t = rules->ac_transition_table[state + byte + 1];
        if (YR_AC_INVALID_TRANSITION(t, byte + 1) || YR_AC_NEXT_STATE(t) == YR_AC_ROOT_STATE)
            continue;
        if (depth == YR_MAX_ATOM_LENGTH)
            return -EINVAL;
        path[depth] = (uint8_t)byte;
        rc = add_state(f, rules, YR_AC_NEXT_STATE(t), path, depth + 1);
    }
    return rc;
}

int hg_yara_filter_new(const YR_RULES *rules, struct hg_yara_filter **out)
{
    uint8_t path[YR_MAX_ATOM_LENGTH];
    struct hg_yara_filter *f = calloc(1, sizeof *f);
    if (f == NULL)
        return -ENOMEM;
    int rc = add_state(f, rules, YR_AC_ROOT_STATE, path, 0);
    if (rc != 0)
        hg_yara_filter_free(f);
    else
        *out = f;
    return rc;
}

void hg_yara_filter_free(struct hg_yara_filter *filter)
{
    if (filter == NULL)
        return;
    free(filter->atoms);
    free(filter);
}

static int same_but_case(const uint8_t *a, const uint8_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (tolower(a[i]) != tolower(b[i]))
            return 0;
    }
    return 1;
}

static int literal_at(const YR_STRING *string, const uint8_t *at, size_t left)
{
    size_t length = (size_t)string->length;
    if (length > left)
        return 0;
    return STRING_IS_NO_CASE(string) ? same_but_case(string->string, at, length)
                                     : memcmp(string->string, at, length) == 0;
}

static int atom_at(const struct hg_yara_filter *f, uint32_t slot, const uint8_t *bytes, size_t size,
                   size_t offset)
{
    for (uint32_t i = f->head[slot]; i != 0; i = f->atoms[i - 1].next) {
        const struct atom *a = &f->atoms[i - 1];
        size_t end = offset + a->length;
        if (end > size || memcmp(a->bytes, bytes + offset, a->length) != 0)
            continue;
        if (a->literal == NULL)
            return 1;
        if (a->back <= end && literal_at(a->literal, bytes + end - a->back, size - (end - a->back)))
            return 1;
    }
    return 0;
}

static inline int is_set(const struct hg_yara_filter *f, uint32_t slot)
{
    return (int)(f->set[slot / 64] >> (slot % 64) & 1);
}

int hg_yara_filter_look(const struct hg_yara_filter *filter, const uint8_t *bytes, size_t size)
{
    if (size < SHORTEST)
        return 0;
    size_t i = 0;
    for (; i + KEY <= size; i++) {
        const uint8_t *at = bytes + i;
        uint32_t key = at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        if (is_set(filter, hash(key)) && atom_at(filter, hash(key), bytes, size, i))
            return 1;
    }
    uint32_t key = bytes[i] | (uint32_t)bytes[i + 1] << 8 | (uint32_t)bytes[i + 2] << 16;
    return is_set(filter, hash(key)) && atom_at(filter, hash(key), bytes, size, i);
}
