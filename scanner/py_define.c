/* SPDX-License-Identifier: Apache-2.0 */
/* def, class, their decorators and type parameters, type. */
#include "scanner/py_internal.h"

/* [T: bound = default, *Ts, **P]: the names are of no interest; bounds and defaults come back as a list. */
static int type_params(struct py_parser *p, struct py_list *values)
{
    py_list_begin(p, values, p->tok.line, p->tok.column);
    do {
        py_advance(p);
        if (p->tok.type == T_RSQB)
            break;
        if (p->tok.type == T_STAR || p->tok.type == T_POW)
            py_advance(p);
        if (py_expect(p, T_NAME, "expected a type parameter") != 0)
            return -1;
        while (p->tok.type == T_COLON || p->tok.type == T_EQUAL) {
            py_advance(p);
            if (py_header(p, 0) == 0)
                return -1;
            py_list_add(p, values, p->val);
        }
    } while (p->tok.type == T_COMMA);
    return py_expect(p, T_RSQB, "expected ']'");
}

/* Type parameters, if there are any. What they compute goes into a statement of its own before the
 * definition. */
static int skip_type_params(struct py_parser *p)
{
    struct py_list values;
    py_node tuple, stmt;

    if (p->tok.type != T_LSQB)
        return 0;
    if (type_params(p, &values) != 0)
        return -1;
    if (p->nodes[values.node].first == 0)
        return 0;
    tuple = py_new(p, PY_TUPLE, p->nodes[values.node].line, p->nodes[values.node].column);
    stmt = py_new(p, PY_EXPRSTMT, p->nodes[values.node].line, p->nodes[values.node].column);
    p->nodes[tuple].first = values.node;
    p->nodes[stmt].first = tuple;
    py_append(p, stmt);
    return 0;
}

int py_type_alias(struct py_parser *p, py_node n)
{
    p->nodes[n].kind = PY_TYPEALIAS;
    py_advance(p);
    py_set_name(p, n, &p->tok);
    py_advance(p);
    if (skip_type_params(p) != 0 || py_expect(p, T_EQUAL, "expected '='") != 0 || py_header(p, 0) == 0)
        return -1;
    p->nodes[n].first = p->val;
    return 0;
}

static py_node take_decorators(struct py_parser *p)
{
    const py_node list = p->decorators.node != 0 ? p->decorators.node : py_empty_list(p);

    p->decorators = (struct py_list){0};
    return list;
}

int py_def(struct py_parser *p, uint8_t flags, uint32_t line, uint32_t column)
{
    const py_node n = py_new(p, PY_FUNCDEF, line, column);
    py_node decorators, params, returns, list;

    p->nodes[n].flags = flags;
    py_advance(p);
    py_set_name(p, n, &p->tok);
    if (p->tok.type != T_NAME && p->tok.type < T_FALSE)
        return py_fail_here(p, "expected a function name");
    py_advance(p);
    if (skip_type_params(p) != 0 || py_expect(p, T_LPAR, "expected '('") != 0 || py_params(p) != 0)
        return -1;
    params = p->val;
    py_advance(p);
    if (p->tok.type == T_ARROW) {
        py_advance(p);
        returns = py_header(p, PY_X_TUPLE);
        if (returns == 0)
            return -1;
    } else {
        returns = py_absent(p);
    }
    decorators = take_decorators(p);
    list = py_empty_list(p);
    py_children3(p, n, decorators, params, returns);
    p->nodes[returns].next = list;
    py_append(p, n);
    return py_body(p, list);
}

int py_class(struct py_parser *p)
{
    const py_node n = py_new_here(p, PY_CLASSDEF);
    py_node args, list;

    py_advance(p);
    py_set_name(p, n, &p->tok);
    if (py_expect(p, T_NAME, "expected a class name") != 0 || skip_type_params(p) != 0)
        return -1;
    if (p->tok.type == T_LPAR) {
        py_advance(p);
        if (py_arguments(p) != 0)
            return -1;
        args = p->val;
        py_advance(p);
    } else {
        args = py_empty_list(p);
    }
    list = py_empty_list(p);
    py_children3(p, n, take_decorators(p), args, list);
    py_append(p, n);
    return py_body(p, list);
}

int py_decorator(struct py_parser *p)
{
    py_advance(p);
    if (py_header(p, 0) == 0)
        return -1;
    if (p->decorators.node == 0)
        py_list_begin(p, &p->decorators, p->val_line, p->val_column);
    py_list_add(p, &p->decorators, p->val);
    return py_expect(p, T_NEWLINE, "expected a new line after a decorator");
}

void py_stray_decorators(struct py_parser *p)
{
    py_node next;

    for (py_node d = p->decorators.node != 0 ? p->nodes[p->decorators.node].first : 0; d != 0; d = next) {
        const py_node n = py_new(p, PY_EXPRSTMT, p->nodes[d].line, p->nodes[d].column);
        next = p->nodes[d].next;
        p->nodes[d].next = 0;
        p->nodes[n].first = d;
        py_append(p, n);
    }
    p->decorators = (struct py_list){0};
}
