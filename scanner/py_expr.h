/* SPDX-License-Identifier: Apache-2.0 */
/* The expression parser's stack: its entries and how tightly they bind. Shared by py_expr.c (operands and
 * operators), py_frames.c (what ends a container) and py_reduce.c (building the nodes). */
#ifndef HUBGUARD_SCANNER_PY_EXPR_H
#define HUBGUARD_SCANNER_PY_EXPR_H

#include "scanner/py_internal.h"

enum frame_kind {
    /* containers, prec 0 */
    F_ROOT,
    F_PAREN,
    F_LIST,
    F_BRACE,
    F_CALL,
    F_SUBSCRIPT,
    F_PARAMS,
    F_COMP,    /* the clauses of a comprehension, above the bracket that it fills */
    F_YIELD,   /* yield a, b */
    F_FIELD,   /* {expression} of an f-string */
    F_LITERAL, /* an f-string's parts, or a format specification's */
    F_BACKQUOTE,
    F_CONTAINERS,
    /* operators */
    F_UNARY = F_CONTAINERS,
    F_AWAIT,
    F_STARRED,
    F_DOUBLESTAR,
    F_YIELDFROM,
    F_BINARY,
    F_CHAIN, /* comparisons, and, or: one node with all operands in `list` */
    F_IF,    /* body if ... */
    F_ELSE,  /* body if test else ... */
    F_LAMBDA,
    F_WALRUS,
    F_KEYWORD,
    F_AS, /* pattern as name; with (item as target) */
    F_COUNT
};

enum prec {
    PREC_NONE,
    PREC_LOW,
    PREC_LAMBDA,
    PREC_TERNARY,
    PREC_OR,
    PREC_AND,
    PREC_NOT,
    PREC_COMPARE,
    PREC_BITOR,
    PREC_XOR,
    PREC_BITAND,
    PREC_SHIFT,
    PREC_SUM,
    PREC_PRODUCT,
    PREC_UNARY,
    PREC_POWER,
    PREC_AWAIT,
};

enum frame_flag {               /* the low bits of F_ROOT are enum py_expr_flag */
                  FF_COMP = 16, /* the bracket holds a comprehension */
                  FF_DICT = 32, /* F_BRACE: a key was seen */
                  FF_DEF =
                      64, /* F_PARAMS of a def: ends at a parenthesis and has annotations; else of a lambda */
                  FF_SPEC = 32,  /* F_LITERAL: a format specification */
                  FF_HEAD = 32,  /* F_CALL: arguments alone (class head), p->val becomes the list */
                  FF_WITH = 32,  /* F_PAREN: may hold `as` */
                  FF_ASYNC = 32, /* F_COMP: the clause being read is `async for` */
};

enum comp_phase { COMP_TARGET, COMP_ITER, COMP_IF };              /* F_COMP: op */
enum param_phase { PARAM_NAME, PARAM_ANNOTATION, PARAM_DEFAULT }; /* F_PARAMS: op */

static inline struct py_frame *py_frame_top(struct py_parser *p)
{
    return &p->frames[p->n_frames - 1];
}
/* The new entry, zeroed but for what is given, or NULL with the error noted. */
struct py_frame *py_frame_push(struct py_parser *p, enum frame_kind kind, enum prec prec, uint32_t line,
                               uint32_t column);

static inline void py_have(struct py_parser *p, py_node n, uint32_t line, uint32_t column)
{
    p->val = n;
    p->val_line = line;
    p->val_column = column;
    p->state = PY_S_OPERATOR;
}

/* Complete every operator on top that binds at least as tightly as `prec`. 0 or -1. */
int py_reduce(struct py_parser *p, enum prec prec);
/* The current token ends, or separates, something in the container on top. `have`: an operand precedes it. */
int py_container(struct py_parser *p, int have);
/* Helpers for the containers: see py_frames.c. */
void py_element(struct py_parser *p, struct py_list *l, py_node n);
int py_comma(struct py_parser *p, struct py_frame *f);
int py_complete(struct py_parser *p, py_node n);
py_node py_bare_tuple(struct py_parser *p, struct py_list *l, int have);
int py_unexpected(struct py_parser *p, int have);
int py_in_params(struct py_parser *p, struct py_frame *f, int have);
int py_in_comp(struct py_parser *p, struct py_frame *f, int have);
int py_in_field(struct py_parser *p, struct py_frame *f, int have);
int py_in_literal(struct py_parser *p, struct py_frame *f, int have);
/* At a parameter in F_PARAMS. */
int py_at_param(struct py_parser *p);
/* In F_LITERAL. */
int py_at_literal(struct py_parser *p);
/* `for` or `async for` after an operand. */
int py_comprehension(struct py_parser *p);
/* Can an expression start with this token? */
int py_starts_operand(uint8_t type);
/* At the first string of a row of strings. */
int py_strings(struct py_parser *p);

#endif
