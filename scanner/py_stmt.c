/* SPDX-License-Identifier: Apache-2.0 */
/* Simple statements. */
#include <string.h>

#include "scanner/py_expr.h"

int py_expect(struct py_parser *p, enum py_tok_type type, const char *message)
{
    if (p->tok.type != type)
        return py_fail_here(p, message);
    return py_advance(p);
}

int py_name_is(const struct py_parser *p, const char *text)
{
    return p->tok.type == T_NAME && strlen(text) == p->tok.len && memcmp(p->tok.start, text, p->tok.len) == 0;
}

py_node py_as_list(struct py_parser *p)
{
    const struct py_nodedata *v = &p->nodes[p->val];
    py_node list;

    if (v->kind == PY_TUPLE && !(v->flags & PY_F_PAREN))
        return v->first;
    list = py_new(p, PY_LIST_OF, p->val_line, p->val_column);
    p->nodes[list].first = p->val;
    return list;
}

static int with_list(struct py_parser *p, py_node n, unsigned flags)
{
    if (py_expr(p, flags) != 0)
        return -1;
    py_child1(p, n, py_as_list(p));
    return 0;
}

/* --- expressions and assignments --------------------------------------------------------------------------
 */

/* The expression behind the token at hand, when that is there; else an absent one. */
static int optional(struct py_parser *p, int there, unsigned flags)
{
    if (!there) {
        p->val = py_absent(p);
        return 0;
    }
    py_advance(p);
    return py_expr(p, flags);
}

static int assign(struct py_parser *p, py_node n)
{
    struct py_list targets;

    p->nodes[n].kind = PY_ASSIGN;
    py_list_begin(p, &targets, p->nodes[n].line, p->nodes[n].column);
    while (p->tok.type == T_EQUAL) {
        py_list_add(p, &targets, p->val);
        py_advance(p);
        if (py_expr(p, PY_X_TUPLE) != 0)
            return -1;
    }
    py_children2(p, n, targets.node, p->val);
    return 0;
}

static int annotated(struct py_parser *p, py_node n)
{
    const py_node target = p->val;
    py_node annotation;

    p->nodes[n].kind = PY_ANNASSIGN;
    py_advance(p);
    if (py_expr(p, 0) != 0)
        return -1;
    annotation = p->val;
    if (optional(p, p->tok.type == T_EQUAL, PY_X_TUPLE) != 0)
        return -1;
    py_children3(p, n, target, annotation, p->val);
    return 0;
}

static int augmented(struct py_parser *p, py_node n)
{
    const py_node target = p->val;

    p->nodes[n].kind = PY_AUGASSIGN;
    p->nodes[n].op = p->tok.flags;
    py_advance(p);
    if (py_expr(p, PY_X_TUPLE) != 0)
        return -1;
    py_children2(p, n, target, p->val);
    return 0;
}

static int expression(struct py_parser *p, py_node n)
{
    p->nodes[n].kind = PY_EXPRSTMT;
    if (py_expr(p, PY_X_TUPLE) != 0)
        return -1;
    p->nodes[n].line = p->val_line;
    p->nodes[n].column = p->val_column;
    switch (p->tok.type) {
    case T_EQUAL:
        return assign(p, n);
    case T_COLON:
        return annotated(p, n);
    case T_AUGASSIGN:
        return augmented(p, n);
    default:
        p->nodes[n].first = p->val;
        return 0;
    }
}

/* --- Python 2, and words that are only sometimes keywords
 * --------------------------------------------------- */

/* The token after the current one. Only outside brackets. */
static struct py_token peek(struct py_parser *p)
{
    const struct py_lex_pos at = p->lx.at;
    struct py_token t;

    py_lex_next(&p->lx, &t);
    p->lx.at = at;
    return t;
}

/* After a name, a token that starts an operand and cannot go on with an expression. */
static int only_operand(uint8_t type)
{
    switch (type) {
    case T_LPAR:
    case T_LSQB:
    case T_PLUS:
    case T_MINUS:
    case T_STAR:
    case T_POW:
    case T_ASYNC:
        return 0;
    default:
        return py_starts_operand(type);
    }
}

static int print2(struct py_parser *p, py_node n)
{
    p->nodes[n].kind = PY_PRINT2;
    py_advance(p);
    if (p->tok.type == T_RSHIFT)
        py_advance(p);
    return with_list(p, n, PY_X_TUPLE);
}

static int exec2(struct py_parser *p, py_node n)
{
    py_node code, globals;

    p->nodes[n].kind = PY_EXEC2;
    py_advance(p);
    if (py_expr(p, PY_X_NO_IN) != 0)
        return -1;
    code = p->val;
    globals = p->val = py_absent(p);
    if (p->tok.type == T_IN) {
        py_advance(p);
        if (py_expr(p, 0) != 0)
            return -1;
        globals = p->val;
        p->val = py_absent(p);
        if (p->tok.type == T_COMMA) {
            py_advance(p);
            if (py_expr(p, 0) != 0)
                return -1;
        }
    } else {
        p->val = py_absent(p);
    }
    py_children3(p, n, code, globals, p->val);
    return 0;
}

static int name_first(struct py_parser *p, py_node n)
{
    struct py_token next;

    if (py_name_is(p, "print")) {
        next = peek(p);
        if (next.type == T_RSHIFT || only_operand(next.type))
            return print2(p, n);
    } else if (py_name_is(p, "exec")) {
        if (only_operand(peek(p).type))
            return exec2(p, n);
    } else if (py_name_is(p, "type") && peek(p).type == T_NAME) {
        return py_type_alias(p, n);
    }
    return expression(p, n);
}

/* --- imports
 * ------------------------------------------------------------------------------------------------ */

/* a.b.c into the node's text; one name is a slice of the source. Names of several parts are put together:
 * there may be white space between them. */
static int dotted(struct py_parser *p, py_node n)
{
    struct py_token first = p->tok;

    if (p->tok.type != T_NAME)
        return py_fail_here(p, "expected a module name");
    py_advance(p);
    if (p->tok.type != T_DOT) {
        py_set_name(p, n, &first);
        return 0;
    }
    p->acc_len = 0;
    py_acc_name(p, &first);
    while (p->tok.type == T_DOT) {
        py_advance(p);
        if (p->tok.type != T_NAME)
            return py_fail_here(p, "expected a name after '.'");
        py_acc_bytes(p, ".", 1);
        py_acc_name(p, &p->tok);
        py_advance(p);
    }
    py_acc_take(p, n);
    return 0;
}

static int alias(struct py_parser *p, struct py_list *list)
{
    const py_node n = py_new_here(p, PY_ALIAS);
    py_node as;

    py_list_add(p, list, n);
    if (dotted(p, n) != 0)
        return -1;
    if (p->tok.type != T_AS) {
        py_child1(p, n, py_absent(p));
        return 0;
    }
    py_advance(p);
    as = py_new_here(p, PY_NAME);
    if (p->tok.type != T_NAME)
        return py_fail_here(p, "expected a name after 'as'");
    py_set_name(p, as, &p->tok);
    p->nodes[n].first = as;
    return py_advance(p);
}

static int import(struct py_parser *p, py_node n)
{
    struct py_list list;

    p->nodes[n].kind = PY_IMPORT;
    py_list_begin(p, &list, p->tok.line, p->tok.column);
    p->nodes[n].first = list.node;
    do {
        py_advance(p);
        if (alias(p, &list) != 0)
            return -1;
    } while (p->tok.type == T_COMMA);
    return 0;
}

static int imported_names(struct py_parser *p, struct py_list *list)
{
    const int paren = p->tok.type == T_LPAR;

    if (paren)
        py_advance(p);
    if (p->tok.type == T_STAR) {
        const py_node n = py_new_here(p, PY_ALIAS);
        py_set_name(p, n, &p->tok);
        py_child1(p, n, py_absent(p));
        py_list_add(p, list, n);
        py_advance(p);
    } else {
        for (;;) {
            if (alias(p, list) != 0)
                return -1;
            if (p->tok.type != T_COMMA)
                break;
            py_advance(p);
            if (paren && p->tok.type == T_RPAR)
                break;
        }
    }
    return paren ? py_expect(p, T_RPAR, "expected ')'") : 0;
}

static int import_from(struct py_parser *p, py_node n)
{
    struct py_list list;
    unsigned level = 0;

    p->nodes[n].kind = PY_IMPORTFROM;
    py_advance(p);
    for (; p->tok.type == T_DOT || p->tok.type == T_ELLIPSIS; py_advance(p))
        level += level > 255 ? 0 : p->tok.type == T_DOT ? 1 : 3;
    p->nodes[n].level = level > 255 ? 255 : (uint8_t)level;
    p->nodes[n].text = "";
    if ((level == 0 || p->tok.type != T_IMPORT) && dotted(p, n) != 0)
        return -1;
    if (py_expect(p, T_IMPORT, "expected 'import'") != 0)
        return -1;
    py_list_begin(p, &list, p->tok.line, p->tok.column);
    p->nodes[n].first = list.node;
    return imported_names(p, &list);
}

/* --- the others
 * --------------------------------------------------------------------------------------------- */

static int ends_statement(const struct py_parser *p)
{
    return p->tok.type == T_NEWLINE || p->tok.type == T_SEMI || p->tok.type == T_EOF;
}

static int return_(struct py_parser *p, py_node n)
{
    p->nodes[n].kind = PY_RETURN;
    py_advance(p);
    if (ends_statement(p))
        p->val = py_absent(p);
    else if (py_expr(p, PY_X_TUPLE) != 0)
        return -1;
    p->nodes[n].first = p->val;
    return 0;
}

static int delete_(struct py_parser *p, py_node n)
{
    p->nodes[n].kind = PY_DELETE;
    py_advance(p);
    return with_list(p, n, PY_X_TUPLE);
}

/* raise E from C; Python 2's raise E, V, T has (V, T) as its cause. */
static int raise_(struct py_parser *p, py_node n)
{
    py_node exc;

    p->nodes[n].kind = PY_RAISE;
    py_advance(p);
    if (ends_statement(p)) {
        exc = py_absent(p);
        py_children2(p, n, exc, py_absent(p));
        return 0;
    }
    if (py_expr(p, 0) != 0)
        return -1;
    exc = p->val;
    if (optional(p, p->tok.type == T_FROM || p->tok.type == T_COMMA, PY_X_TUPLE) != 0)
        return -1;
    py_children2(p, n, exc, p->val);
    return 0;
}

static int assert_(struct py_parser *p, py_node n)
{
    py_node test;

    p->nodes[n].kind = PY_ASSERT;
    py_advance(p);
    if (py_expr(p, 0) != 0)
        return -1;
    test = p->val;
    if (optional(p, p->tok.type == T_COMMA, 0) != 0)
        return -1;
    py_children2(p, n, test, p->val);
    return 0;
}

static int names(struct py_parser *p, py_node n)
{
    struct py_list list;

    p->nodes[n].kind = p->tok.type == T_GLOBAL ? PY_GLOBAL : PY_NONLOCAL;
    py_list_begin(p, &list, p->tok.line, p->tok.column);
    p->nodes[n].first = list.node;
    do {
        py_node name;
        py_advance(p);
        if (p->tok.type != T_NAME)
            return py_fail_here(p, "expected a name");
        name = py_new_here(p, PY_NAME);
        py_set_name(p, name, &p->tok);
        py_list_add(p, &list, name);
        py_advance(p);
    } while (p->tok.type == T_COMMA);
    return 0;
}

static int word(struct py_parser *p, py_node n)
{
    p->nodes[n].kind = p->tok.type == T_PASS ? PY_PASS : p->tok.type == T_BREAK ? PY_BREAK : PY_CONTINUE;
    return py_advance(p);
}

static int (*const statements[T_COUNT])(struct py_parser *p, py_node n) = {
    [T_NAME] = name_first, [T_IMPORT] = import, [T_FROM] = import_from, [T_RETURN] = return_,
    [T_DEL] = delete_,     [T_RAISE] = raise_,  [T_ASSERT] = assert_,   [T_GLOBAL] = names,
    [T_NONLOCAL] = names,  [T_PASS] = word,     [T_BREAK] = word,       [T_CONTINUE] = word,
};

int py_simple_line(struct py_parser *p, struct py_list *list)
{
    for (;;) {
        const py_node n = py_new_here(p, PY_EXPRSTMT);
        int (*const parse)(struct py_parser *, py_node) =
            statements[p->tok.type] != NULL ? statements[p->tok.type] : expression;

        if (parse(p, n) != 0)
            return -1;
        if (!ends_statement(p))
            return py_fail_here(p, "invalid syntax");
        py_list_add(p, list, n);
        if (p->tok.type == T_SEMI)
            py_advance(p);
        if (p->tok.type == T_NEWLINE)
            return py_advance(p);
        if (p->tok.type == T_EOF)
            return 0;
    }
}
