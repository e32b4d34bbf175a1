/* SPDX-License-Identifier: Apache-2.0 */
/* What separates and ends the elements of each container on the expression parser's stack. */
#include "scanner/py_expr.h"

void py_element(struct py_parser *p, struct py_list *l, py_node n)
{
    if (l->node == 0)
        py_list_begin(p, l, p->val_line, p->val_column);
    py_list_add(p, l, n);
}

/* A comma after an operand: keep it, want the next. */
int py_comma(struct py_parser *p, struct py_frame *f)
{
    py_element(p, &f->list, p->val);
    p->state = PY_S_OPERAND;
    return py_advance(p);
}

/* The container is complete: its node replaces it. */
int py_complete(struct py_parser *p, py_node n)
{
    const struct py_frame *f = py_frame_top(p);

    py_have(p, n, f->line, f->column);
    p->n_frames--;
    return 0;
}

/* A node of `kind` over the frame's list, the operand at hand being its last element. */
static py_node over_list(struct py_parser *p, struct py_frame *f, enum py_kind kind, int have)
{
    const py_node n = py_new(p, kind, f->line, f->column);

    if (have)
        py_element(p, &f->list, p->val);
    else if (f->list.node == 0)
        py_list_begin(p, &f->list, f->line, f->column);
    p->nodes[n].first = f->list.node;
    return n;
}

/* The tuple that stands without parentheses, or the one operand. */
py_node py_bare_tuple(struct py_parser *p, struct py_list *l, int have)
{
    py_node n;

    if (l->node == 0)
        return p->val;
    if (have)
        py_list_add(p, l, p->val);
    n = py_new(p, PY_TUPLE, p->nodes[l->node].line, p->nodes[l->node].column);
    p->nodes[n].first = l->node;
    return n;
}

int py_unexpected(struct py_parser *p, int have)
{
    return py_fail_here(p, have ? "unexpected token in an expression" : "expected an expression");
}

static int in_root(struct py_parser *p, struct py_frame *f, int have)
{
    if (p->tok.type == T_COMMA && have && (f->flags & PY_X_TUPLE))
        return py_comma(p, f);
    if (!have && f->list.node == 0)
        return py_unexpected(p, 0);
    if (f->list.node != 0) {
        p->val = py_bare_tuple(p, &f->list, have);
        p->val_line = p->nodes[p->val].line;
        p->val_column = p->nodes[p->val].column;
    }
    p->state = PY_S_DONE;
    return 0;
}

static int in_paren(struct py_parser *p, struct py_frame *f, int have)
{
    py_node n;

    if (p->tok.type == T_COMMA && have)
        return py_comma(p, f);
    if (p->tok.type != T_RPAR)
        return py_unexpected(p, have);
    py_advance(p);
    if (!have || f->list.node != 0) {
        n = over_list(p, f, PY_TUPLE, have);
    } else {
        n = p->val;
        if (f->flags & FF_COMP) {
            p->nodes[n].line = f->line;
            p->nodes[n].column = f->column;
        }
    }
    p->nodes[n].flags |= PY_F_PAREN;
    return py_complete(p, n);
}

static int in_list(struct py_parser *p, struct py_frame *f, int have)
{
    if (p->tok.type == T_COMMA && have)
        return py_comma(p, f);
    if (p->tok.type != T_RSQB)
        return py_unexpected(p, have);
    py_advance(p);
    return py_complete(p, f->flags & FF_COMP ? p->val : over_list(p, f, PY_LIST, have));
}

/* f->extra is a key whose value is being read. */
static int in_brace(struct py_parser *p, struct py_frame *f, int have)
{
    const uint8_t type = p->tok.type;

    if (type == T_COLON && have && f->extra == 0) {
        f->extra = p->val;
        f->flags |= FF_DICT;
        p->state = PY_S_OPERAND;
        return py_advance(p);
    }
    if ((type != T_COMMA || !have) && type != T_RBRACE)
        return py_unexpected(p, have);
    if (f->extra != 0 && !have)
        return py_unexpected(p, 0);
    py_advance(p);
    if (f->flags & FF_COMP)
        return py_complete(p, p->val);
    if (f->extra != 0)
        py_element(p, &f->list, f->extra);
    if (have)
        py_element(p, &f->list, p->val);
    if (have && p->nodes[p->val].kind == PY_DOUBLESTAR) {
        f->flags |= FF_DICT;
        py_element(p, &f->list, py_absent(p));
    }
    f->extra = 0;
    if (type == T_COMMA) {
        p->state = PY_S_OPERAND;
        return 0;
    }
    return py_complete(p, over_list(p, f, f->flags & FF_DICT || f->list.node == 0 ? PY_DICT : PY_SET, 0));
}

static int keyword_argument(struct py_parser *p)
{
    struct py_frame *f;
    const py_node name = p->val;

    if (p->nodes[name].kind != PY_NAME)
        return py_unexpected(p, 1);
    p->nodes[name].kind = PY_KEYWORD;
    f = py_frame_push(p, F_KEYWORD, PREC_LOW, p->val_line, p->val_column);
    if (f == NULL)
        return -1;
    f->node = name;
    p->state = PY_S_OPERAND;
    return py_advance(p);
}

/* A class pattern calls nothing: it becomes a subscript with a tuple, as py_ast.h says. */
static int end_call(struct py_parser *p, struct py_frame *f)
{
    py_node n, args = f->list.node;

    if (f->flags & FF_HEAD) {
        p->val = args;
        p->state = PY_S_DONE;
        return 0;
    }
    if (p->pattern) {
        const py_node tuple = py_new(p, PY_TUPLE, p->nodes[args].line, p->nodes[args].column);
        p->nodes[tuple].first = args;
        args = tuple;
    }
    n = py_new(p, p->pattern ? PY_SUBSCRIPT : PY_CALL, f->line, f->column);
    py_children2(p, n, f->node, args);
    return py_complete(p, n);
}

static int in_call(struct py_parser *p, struct py_frame *f, int have)
{
    if (p->tok.type == T_EQUAL && have)
        return keyword_argument(p);
    if (p->tok.type == T_COMMA && have)
        return py_comma(p, f);
    if (p->tok.type != T_RPAR)
        return py_unexpected(p, have);
    if (have)
        py_element(p, &f->list, p->val);
    if (!(f->flags & FF_HEAD))
        py_advance(p);
    return end_call(p, f);
}

/* f->inner is a PY_SLICE that is not complete, f->op the number of its parts so far. */
static void slice_part(struct py_parser *p, struct py_frame *f, int have)
{
    const py_node part = have ? p->val : py_absent(p);

    if (f->inner.node == 0)
        f->inner.node = have ? py_new(p, PY_SLICE, p->val_line, p->val_column) : py_new_here(p, PY_SLICE);
    py_list_add(p, &f->inner, part);
    f->op++;
}

static void end_slice(struct py_parser *p, struct py_frame *f, int have)
{
    slice_part(p, f, have);
    while (f->op < 3)
        slice_part(p, f, 0);
    p->val = f->inner.node;
    p->val_line = p->nodes[p->val].line;
    p->val_column = p->nodes[p->val].column;
    f->inner = (struct py_list){0};
    f->op = 0;
}

static int in_subscript(struct py_parser *p, struct py_frame *f, int have)
{
    py_node n;

    if (p->tok.type == T_COLON && f->op < 2) {
        slice_part(p, f, have);
        p->state = PY_S_OPERAND;
        return py_advance(p);
    }
    if (f->op != 0 && (p->tok.type == T_COMMA || p->tok.type == T_RSQB)) {
        end_slice(p, f, have);
        have = 1;
    }
    if (p->tok.type == T_COMMA && have)
        return py_comma(p, f);
    if (p->tok.type != T_RSQB)
        return py_unexpected(p, have);
    py_advance(p);
    if (!have && f->list.node == 0)
        p->val = over_list(p, f, PY_LIST, 0); /* x[] : Python 2's print [] */
    else
        p->val = py_bare_tuple(p, &f->list, have);
    n = py_new(p, PY_SUBSCRIPT, f->line, f->column);
    py_children2(p, n, f->node, p->val);
    return py_complete(p, n);
}

/* f->list collects `yield a, b`. */
static int in_yield(struct py_parser *p, struct py_frame *f, int have)
{
    py_node n;

    if (p->tok.type == T_COMMA && have)
        return py_comma(p, f);
    if (!have && f->list.node == 0)
        return py_unexpected(p, 0);
    p->val = py_bare_tuple(p, &f->list, have);
    n = py_new(p, PY_YIELD, f->line, f->column);
    p->nodes[n].first = p->val;
    return py_complete(p, n);
}

static int in_backquote(struct py_parser *p, struct py_frame *f, int have)
{
    py_node n;

    if (p->tok.type == T_COMMA && have)
        return py_comma(p, f);
    if (p->tok.type != T_BACKQUOTE || (!have && f->list.node == 0))
        return py_unexpected(p, have);
    py_advance(p);
    p->val = py_bare_tuple(p, &f->list, have);
    n = py_new(p, PY_BACKQUOTE, f->line, f->column);
    p->nodes[n].first = p->val;
    return py_complete(p, n);
}

static int (*const containers[F_CONTAINERS])(struct py_parser *p, struct py_frame *f, int have) = {
    [F_ROOT] = in_root,        [F_PAREN] = in_paren,        [F_LIST] = in_list,
    [F_BRACE] = in_brace,      [F_CALL] = in_call,          [F_SUBSCRIPT] = in_subscript,
    [F_PARAMS] = py_in_params, [F_COMP] = py_in_comp,       [F_YIELD] = in_yield,
    [F_FIELD] = py_in_field,   [F_LITERAL] = py_in_literal, [F_BACKQUOTE] = in_backquote,
};

int py_container(struct py_parser *p, int have)
{
    struct py_frame *f = py_frame_top(p);

    return containers[f->kind](p, f, have);
}
