/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of strings that stand side by side, f-strings and t-strings among them. */
#include "scanner/py_expr.h"

/* F_LITERAL: list is the PY_FSTRING's parts; op holds PY_F_TSTRING. F_FIELD: node is where its text starts,
 * extra the PY_FORMATTED once its expression is known. Literal text waits in the accumulator, which is empty
 * whenever a field's expression is read, so that strings in there can use it. */

/* The accumulated text becomes a PY_STR in the list. */
static void flush(struct py_parser *p, struct py_list *list)
{
    py_node n;

    if (p->acc_len == 0)
        return;
    n = py_new_here(p, PY_STR);
    py_acc_take(p, n);
    py_list_add(p, list, n);
}

static void acc_row(struct py_parser *p)
{
    for (; p->tok.type == T_STRING; py_advance(p))
        py_acc_string(p, &p->tok);
}

int py_strings(struct py_parser *p)
{
    const struct py_token first = p->tok;
    struct py_frame *f;
    py_node n;
    int bytes = first.type == T_STRING && (first.flags & PY_TF_BYTES);

    if (first.type == T_STRING) {
        py_advance(p);
        if (p->tok.type != T_STRING && p->tok.type != T_FSTART) {
            n = py_new(p, bytes ? PY_BYTES : PY_STR, first.line, first.column);
            py_set_string(p, n, &first);
            py_have(p, n, first.line, first.column);
            return 0;
        }
        py_acc_string(p, &first);
        for (; p->tok.type == T_STRING; py_advance(p)) {
            bytes = bytes && (p->tok.flags & PY_TF_BYTES);
            py_acc_string(p, &p->tok);
        }
    }
    if (p->tok.type != T_FSTART) {
        n = py_new(p, bytes ? PY_BYTES : PY_STR, first.line, first.column);
        py_acc_take(p, n);
        py_have(p, n, first.line, first.column);
        return 0;
    }
    f = py_frame_push(p, F_LITERAL, PREC_NONE, first.line, first.column);
    if (f == NULL)
        return -1;
    f->op = p->tok.flags & PY_TF_TEMPLATE ? PY_F_TSTRING : 0;
    py_list_begin(p, &f->list, first.line, first.column);
    p->state = PY_S_LITERAL;
    return py_advance(p);
}

static py_node literal_node(struct py_parser *p, struct py_frame *f)
{
    const py_node n = py_new(p, PY_FSTRING, f->line, f->column);

    flush(p, &f->list);
    p->nodes[n].first = f->list.node;
    p->nodes[n].flags = f->op;
    return n;
}

/* The field on top is complete; the literal below goes on. The current token is its brace. */
static int end_field(struct py_parser *p, py_node spec)
{
    const struct py_frame *f = py_frame_top(p);
    const py_node n = f->extra;

    p->nodes[p->nodes[n].first].next = spec;
    p->n_frames--;
    py_list_add(p, &py_frame_top(p)->list, n);
    p->state = PY_S_LITERAL;
    return py_advance(p);
}

/* f"{x = }" shows the text of the expression too: it joins the literal text before it. */
static void debug_text(struct py_parser *p, struct py_frame *f, const char *end)
{
    const char *start = p->text + f->node;
    struct py_list *list = &(f - 1)->list;
    const py_node last = list->last;

    if (last != 0 && p->nodes[last].kind == PY_STR) {
        py_acc_bytes(p, p->nodes[last].text, p->nodes[last].text_len);
        py_acc_bytes(p, start, (size_t)(end - start));
        py_acc_take(p, last);
    } else {
        py_acc_bytes(p, start, (size_t)(end - start));
        flush(p, list);
    }
}

int py_in_field(struct py_parser *p, struct py_frame *f, int have)
{
    uint8_t debug = 0, conversion = 0;
    py_node value;

    if (p->tok.type == T_COMMA && have)
        return py_comma(p, f);
    if (!have && f->list.node == 0)
        return py_unexpected(p, 0);
    value = py_bare_tuple(p, &f->list, have);
    if (p->tok.type == T_EQUAL) {
        debug = 1;
        py_advance(p);
        debug_text(p, f, p->tok.start);
    }
    if (p->tok.type == T_FBANG) {
        py_advance(p);
        if (p->tok.type != T_NAME || p->tok.len != 1)
            return py_fail_here(p, "expected 'r', 's' or 'a' after '!'");
        conversion = (uint8_t)p->tok.start[0];
        py_advance(p);
    }
    f->extra = py_new(p, PY_FORMATTED, f->line, f->column);
    p->nodes[f->extra].first = value;
    p->nodes[f->extra].op = conversion;
    if (p->tok.type == T_FCLOSE) {
        if (debug && conversion == 0)
            p->nodes[f->extra].op = 'r';
        return end_field(p, py_absent(p));
    }
    if (p->tok.type != T_FCOLON)
        return py_unexpected(p, 1);
    f = py_frame_push(p, F_LITERAL, PREC_NONE, p->tok.line, p->tok.column);
    if (f == NULL)
        return -1;
    f->flags = FF_SPEC;
    py_list_begin(p, &f->list, p->tok.line, p->tok.column);
    p->state = PY_S_LITERAL;
    return py_advance(p);
}

/* Never on top while an expression is read. */
int py_in_literal(struct py_parser *p, struct py_frame *f, int have)
{
    (void)f;
    return py_unexpected(p, have);
}

int py_at_literal(struct py_parser *p)
{
    struct py_frame *f = py_frame_top(p);
    py_node n;

    switch (p->tok.type) {
    case T_FMIDDLE:
        py_acc_string(p, &p->tok);
        return py_advance(p);
    case T_FOPEN:
        flush(p, &f->list);
        f = py_frame_push(p, F_FIELD, PREC_NONE, p->tok.line, p->tok.column);
        if (f == NULL)
            return -1;
        f->node = (py_node)(p->tok.start + 1 - p->text);
        p->state = PY_S_OPERAND;
        return py_advance(p);
    case T_FCLOSE:
        if (!(f->flags & FF_SPEC))
            return py_unexpected(p, 1);
        n = literal_node(p, f);
        p->n_frames--;
        return end_field(p, n);
    case T_FEND:
        py_advance(p);
        acc_row(p);
        if (p->tok.type == T_FSTART)
            return py_advance(p);
        return py_complete(p, literal_node(p, f));
    default:
        return py_unexpected(p, 1);
    }
}
