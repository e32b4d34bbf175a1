/* SPDX-License-Identifier: Apache-2.0 */
/* Comprehensions: the clauses after the first element of a bracket. */
#include "scanner/py_expr.h"

/* F_COMP: node is the comprehension, list its clauses, extra the PY_COMPFOR being read, op what of it. inner
 * is a target or an iterable with commas, then the conditions. */
static py_node begin_comp(struct py_parser *p, struct py_frame *f)
{
    enum py_kind kind = PY_GENEXP;
    py_node n;

    if (f->kind == F_LIST || f->kind == F_SUBSCRIPT)
        kind = PY_LISTCOMP;
    else if (f->kind == F_BRACE)
        kind = f->extra != 0 ? PY_DICTCOMP : PY_SETCOMP;
    n = py_new(p, kind, f->line, f->column);
    if (f->kind == F_CALL) {
        p->nodes[n].line = p->nodes[f->list.node].line;
        p->nodes[n].column = p->nodes[f->list.node].column;
    }
    if (kind == PY_DICTCOMP)
        py_children2(p, n, f->extra, p->val);
    else
        p->nodes[n].first = p->val;
    f->extra = 0;
    f->flags |= FF_COMP;
    return n;
}

static int begin_clause(struct py_parser *p)
{
    struct py_frame *f = py_frame_top(p);

    f->flags = 0;
    f->inner = (struct py_list){0};
    if (p->tok.type == T_ASYNC) {
        f->flags = FF_ASYNC;
        py_advance(p);
        if (p->tok.type != T_FOR)
            return py_fail_here(p, "expected 'for' after 'async'");
    }
    f->op = COMP_TARGET;
    f->extra = py_new_here(p, PY_COMPFOR);
    p->nodes[f->extra].flags = f->flags & FF_ASYNC ? PY_F_ASYNC : 0;
    py_list_add(p, &f->list, f->extra);
    p->state = PY_S_OPERAND;
    return py_advance(p);
}

int py_comprehension(struct py_parser *p)
{
    struct py_frame *f = py_frame_top(p);
    py_node comp;
    uint32_t line, column;

    if (f->kind != F_PAREN && f->kind != F_LIST && f->kind != F_BRACE && f->kind != F_CALL &&
        f->kind != F_SUBSCRIPT)
        return py_container(p, 1);
    comp = begin_comp(p, f);
    line = p->nodes[comp].line;
    column = p->nodes[comp].column;
    f = py_frame_push(p, F_COMP, PREC_NONE, line, column);
    if (f == NULL)
        return -1;
    f->node = comp;
    py_list_begin(p, &f->list, p->tok.line, p->tok.column);
    if (p->nodes[comp].kind == PY_DICTCOMP)
        p->nodes[p->nodes[p->nodes[comp].first].next].next = f->list.node;
    else
        p->nodes[p->nodes[comp].first].next = f->list.node;
    return begin_clause(p);
}

/* The target or the iterable of a clause is complete. */
static py_node clause_value(struct py_parser *p, struct py_frame *f, int have)
{
    const py_node n = py_bare_tuple(p, &f->inner, have);

    f->inner = (struct py_list){0};
    return n;
}

/* What follows `in` or an `if` is complete. */
static void clause_part(struct py_parser *p, struct py_frame *f, int have)
{
    py_node iter;

    if (f->op == COMP_IF) {
        py_list_add(p, &f->inner, p->val);
        return;
    }
    iter = clause_value(p, f, have);
    p->nodes[p->nodes[f->extra].first].next = iter;
    py_list_begin(p, &f->inner, p->tok.line, p->tok.column);
    p->nodes[iter].next = f->inner.node;
    f->op = COMP_IF;
}

/* Only Python 2 has [x for x in 1, 2]. */
static int clause_comma(const struct py_parser *p, const struct py_frame *f)
{
    return f->op == COMP_TARGET || (f->op == COMP_ITER && p->nodes[f->node].kind == PY_LISTCOMP);
}

int py_in_comp(struct py_parser *p, struct py_frame *f, int have)
{
    const uint8_t type = p->tok.type;

    if (!have && (f->inner.node == 0 || f->op == COMP_IF))
        return py_unexpected(p, 0);
    if (type == T_COMMA && have && clause_comma(p, f)) {
        py_element(p, &f->inner, p->val);
    } else if (f->op == COMP_TARGET) {
        if (type != T_IN)
            return py_unexpected(p, have);
        py_child1(p, f->extra, clause_value(p, f, have));
        f->op = COMP_ITER;
    } else {
        clause_part(p, f, have);
        if (type == T_FOR || type == T_ASYNC)
            return begin_clause(p);
        if (type != T_IF)
            return py_complete(p, f->node);
    }
    p->state = PY_S_OPERAND;
    return py_advance(p);
}
