/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files of the lexer share. */
#ifndef HUBGUARD_SCANNER_PY_LEX_IMPL_H
#define HUBGUARD_SCANNER_PY_LEX_IMPL_H

#include <endian.h>
#include <string.h>

#include "scanner/py_lex.h"

/* py_nest.kind, besides ) ] } */
enum {
    NEST_LITERAL = 'L', /* inside an f-string, literal text */
    NEST_FIELD = 'F',   /* inside a replacement field, an expression */
    NEST_SPEC = 'S',    /* inside a format specification, literal text */
};

/* --- eight bytes at a time --------------------------------------------------------------------------------
 */

#define EACH(byte) (0x0101010101010101ULL * (unsigned char)(byte))
#define HIGH_BITS  EACH(0x80)

static inline uint64_t load8(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return le64toh(word);
}

static inline size_t first_byte(uint64_t bits)
{
    return (size_t)__builtin_ctzll(bits) / 8;
}

/* High bits: the lowest one set is that of the first byte that is zero. */
static inline uint64_t zero_bytes(uint64_t word)
{
    return (word - EACH(1)) & ~word & HIGH_BITS;
}

static inline void begin(const struct py_lexer *lx, struct py_token *t)
{
    t->start = lx->at.p;
    t->line = lx->at.line;
    t->column = (uint32_t)(lx->at.p - lx->at.line_start);
    t->flags = 0;
    t->len = 0;
}

static inline void finish(struct py_lexer *lx, struct py_token *t, enum py_tok_type type, const char *p)
{
    t->type = (uint8_t)type;
    t->len = (uint32_t)(p - t->start);
    lx->at.p = p;
}

static inline void count_line(struct py_lexer *lx, const char *after_newline)
{
    lx->at.line++;
    lx->at.line_start = after_newline;
}

/* The token becomes T_ERROR. */
void py_lex_fail(struct py_lexer *lx, struct py_token *t, enum py_error_code code, const char *message);
/* One bracket or f-string deeper. 0, or -1 with the token an error. */
int py_lex_push(struct py_lexer *lx, struct py_token *t, uint8_t kind, uint8_t quote, uint8_t flags);

/* --- py_lex_string.c --- */

/* Flags of the string prefix p[0..n), or -1 when this is no prefix. */
int py_lex_prefix(const char *p, uint32_t n);
/* t->start is at the prefix, `p` at the opening quote. */
void py_lex_string(struct py_lexer *lx, struct py_token *t, const char *p, int flags);
/* The next token of the literal text of an f-string. */
void py_lex_fstring(struct py_lexer *lx, struct py_token *t);

#endif
