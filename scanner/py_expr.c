/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions by operator precedence, with a stack of its own instead of recursion: an operand is wanted, or
 * an operand is there and something follows it. */
#include <stdlib.h>

#include "scanner/py_expr.h"

struct py_frame *py_frame_push(struct py_parser *p, enum frame_kind kind, enum prec prec, uint32_t line,
                               uint32_t column)
{
    struct py_frame *f;

    if (p->n_frames == p->cap_frames) {
        const uint32_t cap = p->cap_frames == 0 ? PY_FIRST_FRAMES : p->cap_frames * 2;
        if (cap > PY_MAX_FRAMES) {
            py_fail(p, PY_E_DEPTH, line, column, "expression nested too deeply");
            return NULL;
        }
        f = realloc(p->frames, cap * sizeof *f);
        if (f == NULL) {
            py_fail(p, PY_E_NOMEM, line, column, "out of memory");
            return NULL;
        }
        p->frames = f;
        p->cap_frames = cap;
    }
    f = &p->frames[p->n_frames++];
    *f = (struct py_frame){.kind = (uint8_t)kind, .prec = (uint8_t)prec, .line = line, .column = column};
    return f;
}

static const uint8_t operand_start[T_COUNT] = {
    [T_NAME] = 1,  [T_INT] = 1,    [T_FLOAT] = 1,    [T_STRING] = 1, [T_FSTART] = 1,    [T_LPAR] = 1,
    [T_LSQB] = 1,  [T_LBRACE] = 1, [T_ELLIPSIS] = 1, [T_TILDE] = 1,  [T_PLUS] = 1,      [T_MINUS] = 1,
    [T_STAR] = 1,  [T_POW] = 1,    [T_FALSE] = 1,    [T_NONE] = 1,   [T_TRUE] = 1,      [T_ASYNC] = 1,
    [T_AWAIT] = 1, [T_LAMBDA] = 1, [T_NOT] = 1,      [T_YIELD] = 1,  [T_BACKQUOTE] = 1,
};

int py_starts_operand(uint8_t type)
{
    return operand_start[type];
}

struct binary_op {
    uint8_t prec;
    uint8_t op;
};
static const struct binary_op binary_ops[T_COUNT] = {
    [T_PLUS] = {PREC_SUM, '+'},
    [T_MINUS] = {PREC_SUM, '-'},
    [T_STAR] = {PREC_PRODUCT, '*'},
    [T_SLASH] = {PREC_PRODUCT, '/'},
    [T_PERCENT] = {PREC_PRODUCT, '%'},
    [T_AT] = {PREC_PRODUCT, '@'},
    [T_FLOORDIV] = {PREC_PRODUCT, PY_OP_FLOORDIV},
    [T_PIPE] = {PREC_BITOR, '|'},
    [T_AMPER] = {PREC_BITAND, '&'},
    [T_CARET] = {PREC_XOR, '^'},
    [T_POW] = {PREC_POWER, PY_OP_POW},
    [T_LSHIFT] = {PREC_SHIFT, PY_OP_LSHIFT},
    [T_RSHIFT] = {PREC_SHIFT, PY_OP_RSHIFT},
    [T_COMPARE] = {PREC_COMPARE, 0},
    [T_IN] = {PREC_COMPARE, 0},
    [T_IS] = {PREC_COMPARE, 0},
    [T_NOT] = {PREC_COMPARE, 0},
    [T_AND] = {PREC_AND, PY_OP_AND},
    [T_OR] = {PREC_OR, PY_OP_OR},
};

/* --- an operand is wanted ------------------------------------------------------------------------------- */

static int leaf(struct py_parser *p, enum py_kind kind, uint8_t op)
{
    const py_node n = py_new_here(p, kind);

    p->nodes[n].op = op;
    if (kind == PY_NAME) {
        py_set_name(p, n, &p->tok);
    } else if (kind != PY_CONST) {
        p->nodes[n].text = p->tok.start;
        p->nodes[n].text_len = p->tok.len;
    }
    py_have(p, n, p->tok.line, p->tok.column);
    return py_advance(p);
}

static int open_container(struct py_parser *p, enum frame_kind kind)
{
    const int with = p->n_frames == 1 && p->frames[0].kind == F_ROOT && (p->frames[0].flags & PY_X_WITH) != 0;
    struct py_frame *f = py_frame_push(p, kind, PREC_NONE, p->tok.line, p->tok.column);

    if (f == NULL)
        return -1;
    if (kind == F_PAREN && with)
        f->flags = FF_WITH;
    return py_advance(p);
}

static int prefix(struct py_parser *p, enum frame_kind kind, enum prec prec, uint8_t op)
{
    struct py_frame *f = py_frame_push(p, kind, prec, p->tok.line, p->tok.column);

    if (f == NULL)
        return -1;
    f->op = op;
    return py_advance(p);
}

static int lambda(struct py_parser *p)
{
    const py_node n = py_new_here(p, PY_LAMBDA);
    struct py_frame *f = py_frame_push(p, F_LAMBDA, PREC_LAMBDA, p->tok.line, p->tok.column);

    if (f == NULL)
        return -1;
    f->node = n;
    f = py_frame_push(p, F_PARAMS, PREC_NONE, p->tok.line, p->tok.column);
    if (f == NULL)
        return -1;
    py_list_begin(p, &f->list, p->tok.line, p->tok.column);
    p->state = PY_S_PARAM;
    return py_advance(p);
}

static int yield(struct py_parser *p)
{
    const uint32_t line = p->tok.line, column = p->tok.column;
    py_node n;

    py_advance(p);
    if (p->tok.type == T_FROM) {
        py_advance(p);
        return py_frame_push(p, F_YIELDFROM, PREC_LOW, line, column) != NULL ? 0 : -1;
    }
    if (py_starts_operand(p->tok.type))
        return py_frame_push(p, F_YIELD, PREC_NONE, line, column) != NULL ? 0 : -1;
    n = py_new(p, PY_YIELD, line, column);
    py_child1(p, n, py_absent(p));
    py_have(p, n, line, column);
    return 0;
}

/* `await` and `async` were names once. */
static int await(struct py_parser *p)
{
    const struct py_token word = p->tok;
    py_node n;

    py_advance(p);
    if (word.type == T_AWAIT && py_starts_operand(p->tok.type) && p->tok.type != T_STAR &&
        p->tok.type != T_POW)
        return py_frame_push(p, F_AWAIT, PREC_AWAIT, word.line, word.column) != NULL ? 0 : -1;
    n = py_new(p, PY_NAME, word.line, word.column);
    py_set_name(p, n, &word);
    py_have(p, n, word.line, word.column);
    return 0;
}

static int at_operand(struct py_parser *p)
{
    switch (p->tok.type) {
    case T_NAME:
        return leaf(p, PY_NAME, 0);
    case T_INT:
        return leaf(p, PY_INT, 0);
    case T_FLOAT:
        return leaf(p, PY_FLOAT, 0);
    case T_NONE:
        return leaf(p, PY_CONST, PY_C_NONE);
    case T_TRUE:
        return leaf(p, PY_CONST, PY_C_TRUE);
    case T_FALSE:
        return leaf(p, PY_CONST, PY_C_FALSE);
    case T_ELLIPSIS:
        return leaf(p, PY_CONST, PY_C_ELLIPSIS);
    case T_STRING:
    case T_FSTART:
        return py_strings(p);
    case T_LPAR:
        return open_container(p, F_PAREN);
    case T_LSQB:
        return open_container(p, F_LIST);
    case T_LBRACE:
        return open_container(p, F_BRACE);
    case T_BACKQUOTE:
        return open_container(p, F_BACKQUOTE);
    case T_PLUS:
        return prefix(p, F_UNARY, PREC_UNARY, '+');
    case T_MINUS:
        return prefix(p, F_UNARY, PREC_UNARY, '-');
    case T_TILDE:
        return prefix(p, F_UNARY, PREC_UNARY, '~');
    case T_NOT:
        return prefix(p, F_UNARY, PREC_NOT, PY_OP_NOT);
    case T_STAR:
        return prefix(p, F_STARRED, PREC_LOW, 0);
    case T_POW:
        return prefix(p, F_DOUBLESTAR, PREC_LOW, 0);
    case T_LAMBDA:
        return lambda(p);
    case T_YIELD:
        return yield(p);
    case T_AWAIT:
    case T_ASYNC:
        return await(p);
    default:
        if (py_frame_top(p)->prec != PREC_NONE)
            return py_fail_here(p, "expected an expression");
        return py_container(p, 0);
    }
}

/* --- an operand is there -------------------------------------------------------------------------------- */

static int attribute(struct py_parser *p)
{
    const py_node n = py_new(p, PY_ATTRIBUTE, p->val_line, p->val_column);

    py_advance(p);
    if (p->tok.type != T_NAME && p->tok.type < T_FALSE) /* keywords of Python 3 are attributes in Python 2 */
        return py_fail_here(p, "expected a name after '.'");
    py_set_name(p, n, &p->tok);
    p->nodes[n].first = p->val;
    p->val = n;
    return py_advance(p);
}

static int postfix(struct py_parser *p, enum frame_kind kind)
{
    struct py_frame *f = py_frame_push(p, kind, PREC_NONE, p->val_line, p->val_column);

    if (f == NULL)
        return -1;
    f->node = p->val;
    if (kind == F_CALL) /* a subscript is a list only from its first comma on */
        py_list_begin(p, &f->list, p->tok.line, p->tok.column);
    p->state = PY_S_OPERAND;
    return py_advance(p);
}

/* Comparisons, `and`, `or`: operands of one level are one list. */
static int chained(struct py_parser *p, const struct binary_op *b)
{
    struct py_frame *f;

    if (py_reduce(p, b->prec + 1) != 0)
        return -1;
    f = py_frame_top(p);
    if (f->kind != F_CHAIN || f->prec != b->prec) {
        f = py_frame_push(p, F_CHAIN, b->prec, p->val_line, p->val_column);
        if (f == NULL)
            return -1;
        f->op = b->op;
        py_list_begin(p, &f->list, p->val_line, p->val_column);
    }
    py_list_add(p, &f->list, p->val);
    return 0;
}

/* The two-word operators and the places where `in` is none. 1: it ends the expression's part; 0: operator. */
static int compare_words(struct py_parser *p)
{
    const uint8_t type = p->tok.type;

    if (type == T_IN) {
        const struct py_frame *f;
        if (py_reduce(p, PREC_COMPARE + 1) != 0)
            return -1;
        for (f = py_frame_top(p); f->prec != PREC_NONE; f--)
            if (f->kind != F_STARRED)
                return 0;
        return (f->kind == F_COMP && f->op == COMP_TARGET) || (f->kind == F_ROOT && (f->flags & PY_X_NO_IN));
    }
    if (type == T_NOT) {
        py_advance(p);
        if (p->tok.type != T_IN)
            return py_fail_here(p, "expected 'in' after 'not'");
    }
    return 0;
}

static int binary(struct py_parser *p)
{
    const struct binary_op *b = &binary_ops[p->tok.type];
    struct py_frame *f;

    if (b->prec <= PREC_COMPARE) {
        const int is = p->tok.type == T_IS;
        const int ends = b->prec == PREC_COMPARE ? compare_words(p) : 0;
        if (ends < 0)
            return -1;
        if (ends)
            return py_reduce(p, PREC_LOW) != 0 ? -1 : py_container(p, 1);
        if (chained(p, b) != 0)
            return -1;
        py_advance(p);
        if (is && p->tok.type == T_NOT)
            py_advance(p);
        p->state = PY_S_OPERAND;
        return 0;
    }
    if (py_reduce(p, b->prec + (b->prec == PREC_POWER)) != 0)
        return -1;
    f = py_frame_push(p, F_BINARY, b->prec, p->val_line, p->val_column);
    if (f == NULL)
        return -1;
    f->op = b->op;
    f->node = p->val;
    p->state = PY_S_OPERAND;
    return py_advance(p);
}

static int with_left(struct py_parser *p, enum frame_kind kind, enum prec prec)
{
    struct py_frame *f = py_frame_push(p, kind, prec, p->val_line, p->val_column);

    if (f == NULL)
        return -1;
    f->node = p->val;
    p->state = PY_S_OPERAND;
    return py_advance(p);
}

static int at_if(struct py_parser *p)
{
    const struct py_frame *f;

    if (py_reduce(p, PREC_OR) != 0)
        return -1;
    f = py_frame_top(p);
    if (f->kind == F_LAMBDA && f[-1].kind == F_COMP) /* Python 2: [x for x in lambda: 1, lambda: 2 if x] */
        f--;
    if (p->pattern || (f->kind == F_COMP && f->op != COMP_TARGET))
        return py_reduce(p, PREC_LOW) != 0 ? -1 : py_container(p, 1);
    return with_left(p, F_IF, PREC_TERNARY);
}

static int at_else(struct py_parser *p)
{
    struct py_frame *f;

    for (f = py_frame_top(p); f->prec != PREC_NONE && f->kind != F_IF; f = py_frame_top(p))
        if (py_reduce(p, f->prec) != 0)
            return -1;
    if (f->kind != F_IF)
        return py_container(p, 1);
    f->kind = F_ELSE;
    f->extra = p->val;
    p->state = PY_S_OPERAND;
    return py_advance(p);
}

static int at_as(struct py_parser *p)
{
    if (py_reduce(p, PREC_LOW) != 0)
        return -1;
    if (p->pattern || (py_frame_top(p)->kind == F_PAREN && (py_frame_top(p)->flags & FF_WITH)))
        return with_left(p, F_AS, PREC_LOW);
    return py_container(p, 1);
}

static int at_operator(struct py_parser *p)
{
    if (binary_ops[p->tok.type].prec != PREC_NONE)
        return binary(p);
    switch (p->tok.type) {
    case T_DOT:
        return attribute(p);
    case T_LPAR:
        return postfix(p, F_CALL);
    case T_LSQB:
        return postfix(p, F_SUBSCRIPT);
    case T_IF:
        return at_if(p);
    case T_ELSE:
        return at_else(p);
    case T_AS:
        return at_as(p);
    case T_WALRUS:
        return with_left(p, F_WALRUS, PREC_LOW);
    case T_FOR:
    case T_ASYNC:
        return py_reduce(p, PREC_LOW) != 0 ? -1 : py_comprehension(p);
    default:
        return py_reduce(p, PREC_LOW) != 0 ? -1 : py_container(p, 1);
    }
}

/* --- the loop ------------------------------------------------------------------------------------------- */

static int run(struct py_parser *p)
{
    int rc = 0;

    while (p->state != PY_S_DONE && rc == 0 && p->fatal == PY_E_OK) {
        switch (p->state) {
        case PY_S_OPERAND:
            rc = at_operand(p);
            break;
        case PY_S_OPERATOR:
            rc = at_operator(p);
            break;
        case PY_S_PARAM:
            rc = py_at_param(p);
            break;
        case PY_S_LITERAL:
            rc = py_at_literal(p);
            break;
        case PY_S_DONE:
            break;
        }
    }
    p->n_frames = 0;
    return p->fatal != PY_E_OK ? -1 : rc;
}

static struct py_frame *base(struct py_parser *p, enum frame_kind kind, enum py_state state)
{
    p->n_frames = 0;
    p->state = state;
    return py_frame_push(p, kind, PREC_NONE, p->tok.line, p->tok.column);
}

int py_expr(struct py_parser *p, unsigned flags)
{
    struct py_frame *f = base(p, F_ROOT, PY_S_OPERAND);

    if (f == NULL)
        return -1;
    f->flags = (uint8_t)flags;
    p->pattern = (flags & PY_X_PATTERN) != 0;
    p->acc_len = 0;
    return run(p);
}

int py_params(struct py_parser *p)
{
    struct py_frame *f = base(p, F_PARAMS, PY_S_PARAM);

    if (f == NULL)
        return -1;
    f->flags = FF_DEF;
    p->pattern = 0;
    py_list_begin(p, &f->list, p->tok.line, p->tok.column);
    return run(p);
}

int py_arguments(struct py_parser *p)
{
    struct py_frame *f = base(p, F_CALL, PY_S_OPERAND);

    if (f == NULL)
        return -1;
    f->flags = FF_HEAD;
    p->pattern = 0;
    py_list_begin(p, &f->list, p->tok.line, p->tok.column);
    return run(p);
}
