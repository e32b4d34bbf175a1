/* SPDX-License-Identifier: Apache-2.0 */
/* Parameter lists of def and lambda. */
#include "scanner/py_expr.h"

/* F_PARAMS: list is the parameters, extra the one being read, inner counts its children; inner.last is the
 * annotation or placeholder. node counts the parentheses of Python 2's def f((a, b)). */
static void param_child(struct py_parser *p, struct py_frame *f, py_node child)
{
    py_list_add(p, &f->inner, child);
}

static int params_end(struct py_parser *p, struct py_frame *f)
{
    const py_node n = py_new(p, PY_PARAMS, f->line, f->column);

    p->nodes[n].first = f->list.node;
    if (f->flags & FF_DEF) { /* the closing token is the caller's to step over */
        p->val = n;
        p->state = PY_S_DONE;
        return 0;
    }
    p->n_frames--;
    py_frame_top(p)->extra = n;
    p->state = PY_S_OPERAND;
    return py_advance(p);
}

/* The parameter in f->extra gets the children that it does not have. */
static void param_fill(struct py_parser *p, struct py_frame *f)
{
    if (f->extra == 0)
        return;
    if (f->op == PARAM_NAME)
        param_child(p, f, py_absent(p));
    if (f->op != PARAM_DEFAULT)
        param_child(p, f, py_absent(p));
    f->extra = 0;
    f->op = PARAM_NAME;
}

/* After a parameter's name, annotation or default. */
static int param_next(struct py_parser *p, struct py_frame *f)
{
    const uint8_t type = p->tok.type;

    if (type == T_COLON && (f->flags & FF_DEF) && f->op == PARAM_NAME && f->extra != 0) {
        f->op = PARAM_ANNOTATION;
        p->state = PY_S_OPERAND;
    } else if (type == T_EQUAL && f->op != PARAM_DEFAULT && f->extra != 0) {
        if (f->op == PARAM_NAME)
            param_child(p, f, py_absent(p));
        f->op = PARAM_DEFAULT;
        p->state = PY_S_OPERAND;
    } else if (type == T_COMMA) {
        param_fill(p, f);
        p->state = PY_S_PARAM;
    } else if (type == T_RPAR && f->node != 0) {
        f->node--;
        param_fill(p, f);
        p->state = PY_S_PARAM;
    } else if (type == (f->flags & FF_DEF ? T_RPAR : T_COLON)) {
        param_fill(p, f);
        return params_end(p, f);
    } else {
        return py_fail_here(p, "unexpected token in a parameter list");
    }
    return py_advance(p);
}

int py_in_params(struct py_parser *p, struct py_frame *f, int have)
{
    if (!have)
        return py_unexpected(p, 0);
    param_child(p, f, p->val);
    return param_next(p, f);
}

int py_at_param(struct py_parser *p)
{
    struct py_frame *f = py_frame_top(p);
    uint8_t op = 0;

    if (f->extra != 0)
        return param_next(p, f);
    switch (p->tok.type) {
    case T_SLASH:
        return py_advance(p);
    case T_STAR:
    case T_POW:
        op = p->tok.type == T_POW ? 'D' : '*';
        py_advance(p);
        if (p->tok.type != T_NAME)
            return op == '*' && p->tok.type == T_COMMA ? 0 : param_next(p, f);
        break;
    case T_LPAR:
        f->node++;
        return py_advance(p);
    case T_EQUAL: /* def f((a, b)=(1, 2)): the default belongs to the last name */
        if (f->list.last == 0)
            return param_next(p, f);
        f->extra = f->list.last;
        f->inner = (struct py_list){f->extra, p->nodes[f->extra].first};
        p->nodes[p->nodes[f->extra].first].next = 0;
        f->op = PARAM_DEFAULT;
        p->state = PY_S_OPERAND;
        return py_advance(p);
    default:
        break;
    }
    if (p->tok.type != T_NAME && (p->tok.type < T_FALSE || p->tok.type == T_LAMBDA))
        return param_next(p, f);
    f->extra = py_new_here(p, PY_PARAM);
    f->inner = (struct py_list){f->extra, 0};
    p->nodes[f->extra].op = op;
    py_set_name(p, f->extra, &p->tok);
    py_list_add(p, &f->list, f->extra);
    return py_advance(p);
}
