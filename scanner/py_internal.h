/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the parser share: py_parse.c (tree, arena, errors), py_text.c (names and strings),
 * py_expr.c and py_reduce.c (expressions), py_stmt.c and py_compound.c (statements). */
#ifndef HUBGUARD_SCANNER_PY_INTERNAL_H
#define HUBGUARD_SCANNER_PY_INTERNAL_H

#include "scanner/py_ast.h"
#include "scanner/py_lex.h"

enum {
    PY_MAX_BYTES = 64 << 20,
    PY_MAX_NODES = 16 << 20,
    PY_FIRST_FRAMES = 64,
    PY_MAX_FRAMES = 4 << 20,
};

/* A growing list of siblings under one PY_LIST_OF node. */
struct py_list {
    py_node node; /* 0 = not begun */
    py_node last;
};

/* One entry of the expression parser's stack: a construct that is not complete yet. `prec` 0 marks a
 * container (bracket, comprehension, ...), which only its own tokens end; everything else is an operator that
 * waits for its last operand and is completed by any token that binds less tightly. */
struct py_frame {
    uint8_t kind; /* enum in py_expr.h */
    uint8_t prec;
    uint8_t op;
    uint8_t flags;
    uint32_t line, column; /* where the finished expression starts */
    py_node node;          /* left operand, or the node that is being filled */
    py_node extra;
    struct py_list list;
    struct py_list inner; /* a list inside it that is being read: a slice, or a clause of a comprehension */
};

enum py_state {
    PY_S_OPERAND,  /* an expression has to start here */
    PY_S_OPERATOR, /* py_parser.val holds a complete operand */
    PY_S_PARAM,    /* in a parameter list, at a parameter */
    PY_S_LITERAL,  /* in the literal text of an f-string */
    PY_S_DONE,
};

/* A statement list that is open, and the statement in it that may still get `else` and its kind. */
struct py_block {
    struct py_list body;
    py_node open;    /* PY_IF, PY_FOR, PY_WHILE or PY_TRY, or 0 */
    py_node tail;    /* its last child so far */
    uint8_t n;       /* how many children it has */
    uint8_t bare;    /* unexpected indentation: the list belongs to the block around it */
    uint8_t cases;   /* the body of a match statement */
    py_node handler; /* last PY_HANDLER of an open PY_TRY */
};

struct py_chunk;

struct py_arena {
    struct py_chunk *chunks;
    char *at, *end;
};

struct py_parser {
    struct py_lexer lx;
    struct py_token tok;
    const char *text;
    struct py_tree *tree;
    struct py_error *err; /* never NULL */
    struct py_nodedata *nodes;
    uint32_t n_nodes, cap_nodes;
    enum py_error_code fatal; /* set: stop everywhere */
    struct py_arena *arena;

    py_node val;                   /* the operand */
    uint32_t val_line, val_column; /* where it starts, its own parentheses included */
    enum py_state state;
    struct py_frame *frames;
    uint32_t n_frames, cap_frames;
    int pattern;      /* inside a case pattern */
    size_t lookahead; /* bytes that looking ahead at `match` may still read: once the text, as logical lines
                         do not overlap; broken ones do, and then it must not become quadratic */

    struct py_block *blocks;
    uint32_t n_blocks;
    struct py_list decorators;

    char *acc; /* text that is being put together */
    size_t acc_len, acc_cap;
};

/* --- py_parse.c ----------------------------------------------------------------------------------------- */

/* Keep the first error. Returns -1. */
int py_fail(struct py_parser *p, enum py_error_code code, uint32_t line, uint32_t column,
            const char *message);
int py_fail_here(struct py_parser *p, const char *message);
py_node py_grow_nodes(struct py_parser *p);
char *py_arena_alloc(struct py_parser *p, size_t size); /* NULL with p->fatal set */

static inline int py_advance(struct py_parser *p)
{
    py_lex_next(&p->lx, &p->tok);
    return 0;
}

/* A new node, or 0 with p->fatal set; writing to node 0 is harmless. */
static inline py_node py_new(struct py_parser *p, enum py_kind kind, uint32_t line, uint32_t column)
{
    py_node n = p->n_nodes;

    if (n == p->cap_nodes && (n = py_grow_nodes(p)) == 0)
        return 0;
    p->n_nodes++;
    p->nodes[n] = (struct py_nodedata){.kind = (uint8_t)kind, .line = line, .column = column};
    return n;
}
static inline py_node py_new_here(struct py_parser *p, enum py_kind kind)
{
    return py_new(p, kind, p->tok.line, p->tok.column);
}
static inline py_node py_absent(struct py_parser *p)
{
    return py_new_here(p, PY_NONE);
}
static inline void py_list_begin(struct py_parser *p, struct py_list *l, uint32_t line, uint32_t column)
{
    l->node = py_new(p, PY_LIST_OF, line, column);
    l->last = 0;
}
static inline void py_list_add(struct py_parser *p, struct py_list *l, py_node n)
{
    if (l->last == 0)
        p->nodes[l->node].first = n;
    else
        p->nodes[l->last].next = n;
    l->last = n;
}
static inline py_node py_empty_list(struct py_parser *p)
{
    return py_new_here(p, PY_LIST_OF);
}
/* The only child. A function, so that making the child (which may move the nodes) comes before the store. */
static inline void py_child1(struct py_parser *p, py_node n, py_node child)
{
    p->nodes[n].first = child;
}
static inline void py_children2(struct py_parser *p, py_node n, py_node a, py_node b)
{
    p->nodes[n].first = a;
    p->nodes[a].next = b;
}
static inline void py_children3(struct py_parser *p, py_node n, py_node a, py_node b, py_node c)
{
    py_children2(p, n, a, b);
    p->nodes[b].next = c;
}

/* --- py_text.c ------------------------------------------------------------------------------------------ */

/* The node's text becomes the T_NAME token's, NFKC-normalised. */
void py_set_name(struct py_parser *p, py_node n, const struct py_token *name);
/* The accumulator: literal text of strings that stand side by side, or the parts of a dotted name. */
void py_acc_bytes(struct py_parser *p, const char *s, size_t len);
void py_acc_name(struct py_parser *p, const struct py_token *name);
/* A T_STRING or T_FMIDDLE token, escapes evaluated. */
void py_acc_string(struct py_parser *p, const struct py_token *t);
/* Move what was accumulated into the node's text. */
void py_acc_take(struct py_parser *p, py_node n);
/* The node's text becomes the value of one string token. */
void py_set_string(struct py_parser *p, py_node n, const struct py_token *t);
/* NFKC of a name in UTF-8, appended to the accumulator. */
void py_acc_nfkc(struct py_parser *p, const char *s, size_t len);
size_t py_utf8_put(uint32_t c, char *out);
/* The character that \N{name} means, U+FFFD if it is not in the table. */
uint32_t py_char_by_name(const char *name, size_t len);

/* --- py_expr.c ------------------------------------------------------------------------------------------ */

enum py_expr_flag {
    PY_X_TUPLE = 1, /* a, b without parentheses is a tuple */
    PY_X_NO_IN = 2, /* `in` ends the expression */
    PY_X_PATTERN = 4,
    PY_X_WITH = 8, /* a leading parenthesis may hold `as` */
};

/* One expression; p->val holds it. 0, or -1 with the error noted. */
int py_expr(struct py_parser *p, unsigned flags);
/* A parameter list after its opening parenthesis, up to and with the closing one; p->val is PY_PARAMS. */
int py_params(struct py_parser *p);
/* Arguments after the opening parenthesis, up to and with the closing one; p->val is a PY_LIST_OF. */
int py_arguments(struct py_parser *p);

/* --- py_stmt.c, py_compound.c, py_define.c
 * ---------------------------------------------------------------------- */

void py_file(struct py_parser *p, py_node module);
static inline struct py_block *py_top(struct py_parser *p)
{
    return &p->blocks[p->n_blocks - 1];
}
void py_push_block(struct py_parser *p, py_node list);
void py_close_open(struct py_parser *p, struct py_block *b);
void py_append(struct py_parser *p, py_node n); /* to the statements of the innermost block */
/* ':' and what follows: statements on the same line, or an indented block, which is left open. */
int py_body(struct py_parser *p, py_node list);
/* The expression of a header; its node, or 0 with the error noted. */
py_node py_header(struct py_parser *p, unsigned flags);
int py_def(struct py_parser *p, uint8_t flags, uint32_t line, uint32_t column);
int py_class(struct py_parser *p);
int py_decorator(struct py_parser *p);
/* Decorators that decorate nothing: kept as statements of their own. */
void py_stray_decorators(struct py_parser *p);
/* The simple statements of one line, its T_NEWLINE included, into `list`. */
int py_simple_line(struct py_parser *p, struct py_list *list);
/* A compound statement's header and the opening of its body, if one starts here: 1; 0 when none does; -1. */
int py_compound(struct py_parser *p);
int py_expect(struct py_parser *p, enum py_tok_type type, const char *message);
/* `type X = ...`, at `type`. */
int py_type_alias(struct py_parser *p, py_node n);
int py_name_is(const struct py_parser *p, const char *text);
/* p->val as list: the elements of a tuple without parentheses, or the one value. */
py_node py_as_list(struct py_parser *p);

#endif
