/* SPDX-License-Identifier: Apache-2.0 */
/* Completing operators: the top of the expression stack and the operand become one node. */
#include "scanner/py_expr.h"

static py_node one(struct py_parser *p, const struct py_frame *f, enum py_kind kind)
{
    const py_node n = py_new(p, kind, f->line, f->column);

    p->nodes[n].first = p->val;
    p->nodes[n].op = f->op;
    return n;
}

static py_node two(struct py_parser *p, const struct py_frame *f, enum py_kind kind)
{
    const py_node n = py_new(p, kind, f->line, f->column);

    py_children2(p, n, f->node, p->val);
    p->nodes[n].op = f->op;
    return n;
}

static py_node chain(struct py_parser *p, struct py_frame *f)
{
    const py_node n = py_new(p, f->prec == PREC_COMPARE ? PY_COMPARE : PY_BOOLOP, f->line, f->column);

    py_list_add(p, &f->list, p->val);
    p->nodes[n].first = f->list.node;
    p->nodes[n].op = f->op;
    return n;
}

static py_node ternary(struct py_parser *p, const struct py_frame *f)
{
    const py_node n = py_new(p, PY_IFEXP, f->line, f->column);

    py_children3(p, n, f->node, f->extra, p->val);
    return n;
}

/* f->node is the PY_LAMBDA or PY_KEYWORD that was begun; its last child is still to come. */
static py_node filled(struct py_parser *p, const struct py_frame *f)
{
    if (f->extra != 0)
        py_children2(p, f->node, f->extra, p->val);
    else
        p->nodes[f->node].first = p->val;
    return f->node;
}

static py_node as(struct py_parser *p, const struct py_frame *f)
{
    const py_node n = py_new(p, p->pattern ? PY_NAMEDEXPR : PY_WITHITEM, f->line, f->column);

    if (p->pattern)
        py_children2(p, n, p->val, f->node);
    else
        py_children2(p, n, f->node, p->val);
    return n;
}

static py_node build(struct py_parser *p, struct py_frame *f)
{
    switch (f->kind) {
    case F_UNARY:
        return one(p, f, PY_UNARY);
    case F_AWAIT:
        return one(p, f, PY_AWAIT);
    case F_STARRED:
        return one(p, f, PY_STARRED);
    case F_DOUBLESTAR:
        return one(p, f, PY_DOUBLESTAR);
    case F_YIELDFROM:
        return one(p, f, PY_YIELDFROM);
    case F_BINARY:
        return two(p, f, PY_BINARY);
    case F_WALRUS:
        return two(p, f, PY_NAMEDEXPR);
    case F_CHAIN:
        return chain(p, f);
    case F_ELSE:
        return ternary(p, f);
    case F_AS:
        return as(p, f);
    case F_LAMBDA:
    case F_KEYWORD:
    default:
        return filled(p, f);
    }
}

int py_reduce(struct py_parser *p, enum prec prec)
{
    for (;;) {
        struct py_frame *f = py_frame_top(p);
        if (f->prec < prec)
            return 0;
        if (f->kind == F_IF)
            return py_fail_here(p, "expected 'else' after 'if' expression");
        p->val = build(p, f);
        p->val_line = f->line;
        p->val_column = f->column;
        p->n_frames--;
    }
}
