/* SPDX-License-Identifier: Apache-2.0 */
/* Compound statements and the file as a whole: a stack of open statement lists takes the place of recursion.
 */
#include "scanner/py_internal.h"

void py_push_block(struct py_parser *p, py_node list)
{
    p->blocks[p->n_blocks++] = (struct py_block){.body = {list, 0}};
}

void py_append(struct py_parser *p, py_node n)
{
    py_list_add(p, &py_top(p)->body, n);
}

/* A child of the statement that is still open. */
static void add_child(struct py_parser *p, struct py_block *b, py_node n)
{
    if (b->tail == 0)
        p->nodes[b->open].first = n;
    else
        p->nodes[b->tail].next = n;
    b->tail = n;
    b->n++;
}

static uint8_t full(uint8_t kind)
{
    return kind == PY_IF || kind == PY_WHILE ? 3 : 4;
}

void py_close_open(struct py_parser *p, struct py_block *b)
{
    if (b->open != 0)
        while (b->n < full(p->nodes[b->open].kind))
            add_child(p, b, py_empty_list(p));
    b->open = 0;
    b->tail = 0;
    b->n = 0;
}

static void set_open(struct py_parser *p, py_node n)
{
    struct py_block *b = py_top(p);

    py_close_open(p, b);
    b->open = n;
}

int py_body(struct py_parser *p, py_node list)
{
    struct py_list inline_list = {list, 0};

    if (py_expect(p, T_COLON, "expected ':'") != 0)
        return -1;
    if (p->tok.type != T_NEWLINE)
        return py_simple_line(p, &inline_list);
    py_advance(p);
    if (p->tok.type != T_INDENT)
        return py_fail_here(p, "expected an indented block");
    py_push_block(p, list);
    return py_advance(p);
}

py_node py_header(struct py_parser *p, unsigned flags)
{
    return py_expr(p, flags) == 0 ? p->val : 0;
}

/* --- if, while, for, try ----------------------------------------------------------------------------------
 */

/* PY_IF or PY_WHILE: test and body. `into`: an elif's place in the statement before it, or 0. */
static int if_while(struct py_parser *p, py_node into)
{
    const py_node n = py_new_here(p, p->tok.type == T_WHILE ? PY_WHILE : PY_IF);
    struct py_block *b = py_top(p);
    py_node test, list;

    py_advance(p);
    test = py_header(p, 0);
    if (test == 0)
        return -1;
    list = py_empty_list(p);
    if (into != 0) {
        add_child(p, b, into);
        p->nodes[into].first = n;
        b->tail = 0;
        b->n = 0;
        b->open = n; /* the outer one is complete */
    } else {
        py_append(p, n);
        set_open(p, n);
    }
    add_child(p, b, test);
    add_child(p, b, list);
    return py_body(p, list);
}

static int for_(struct py_parser *p, uint8_t flags, uint32_t line, uint32_t column)
{
    const py_node n = py_new(p, PY_FOR, line, column);
    py_node target, iter, list;

    p->nodes[n].flags = flags;
    py_advance(p);
    target = py_header(p, PY_X_TUPLE | PY_X_NO_IN);
    if (target == 0 || py_expect(p, T_IN, "expected 'in'") != 0)
        return -1;
    iter = py_header(p, PY_X_TUPLE);
    if (iter == 0)
        return -1;
    list = py_empty_list(p);
    py_append(p, n);
    set_open(p, n);
    add_child(p, py_top(p), target);
    add_child(p, py_top(p), iter);
    add_child(p, py_top(p), list);
    return py_body(p, list);
}

static int try_(struct py_parser *p)
{
    const py_node n = py_new_here(p, PY_TRY), list = py_empty_list(p);

    py_append(p, n);
    set_open(p, n);
    add_child(p, py_top(p), list);
    py_advance(p);
    return py_body(p, list);
}

/* except X as e: ... except* X: ... except X, Y: (a tuple since 3.14; in Python 2 Y is the name). */
static int handler(struct py_parser *p, struct py_block *b)
{
    const py_node n = py_new_here(p, PY_HANDLER);
    py_node type, list;

    py_advance(p);
    if (p->tok.type == T_STAR)
        py_advance(p);
    type = p->tok.type == T_COLON ? py_absent(p) : py_header(p, PY_X_TUPLE);
    if (type == 0)
        return -1;
    if (p->tok.type == T_AS) {
        py_advance(p);
        if (p->tok.type != T_NAME)
            return py_fail_here(p, "expected a name after 'as'");
        py_set_name(p, n, &p->tok);
        py_advance(p);
    }
    if (b->n == 1)
        add_child(p, b, py_empty_list(p));
    if (p->nodes[b->tail].first == 0)
        p->nodes[b->tail].first = n;
    else
        p->nodes[b->handler].next = n;
    b->handler = n;
    list = py_empty_list(p);
    py_children2(p, n, type, list);
    return py_body(p, list);
}

static int last_clause(struct py_parser *p, struct py_block *b, uint8_t position)
{
    py_node list;

    while (b->n < position)
        add_child(p, b, py_empty_list(p));
    list = py_empty_list(p);
    add_child(p, b, list);
    py_advance(p);
    return py_body(p, list);
}

/* The current token goes on with the statement that is open: 1 done, 0 it does not, -1 error. */
static int clause(struct py_parser *p)
{
    struct py_block *b = py_top(p);
    const uint8_t kind = b->open != 0 ? p->nodes[b->open].kind : PY_NONE;
    const uint8_t type = p->tok.type;
    int rc;

    if (type == T_ELIF && kind == PY_IF && b->n == 2)
        rc = if_while(p, py_empty_list(p));
    else if (type == T_EXCEPT && kind == PY_TRY && b->n <= 2)
        rc = handler(p, b);
    else if (type == T_ELSE && kind != PY_NONE && b->n < full(kind) && !(kind == PY_TRY && b->n > 2))
        rc = last_clause(p, b, kind == PY_IF || kind == PY_WHILE || kind == PY_TRY ? 2 : 3);
    else if (type == T_FINALLY && kind == PY_TRY && b->n <= 3)
        rc = last_clause(p, b, 3);
    else
        return 0;
    return rc != 0 ? -1 : 1;
}

/* --- with
 * --------------------------------------------------------------------------------------------------- */

static py_node with_item(struct py_parser *p, py_node value, py_node target)
{
    const py_node n = py_new(p, PY_WITHITEM, p->nodes[value].line, p->nodes[value].column);

    py_children2(p, n, value, target);
    return n;
}

/* with (a as b, c): the elements of the parenthesis become the items. */
static void items_of(struct py_parser *p, struct py_list *items, py_node first)
{
    py_node next;

    for (py_node e = first; e != 0; e = next) {
        next = p->nodes[e].next;
        p->nodes[e].next = 0;
        py_list_add(p, items, p->nodes[e].kind == PY_WITHITEM ? e : with_item(p, e, py_absent(p)));
    }
}

static int with_items(struct py_parser *p, struct py_list *items)
{
    for (unsigned flags = PY_X_WITH;; flags = 0) {
        py_node value = py_header(p, flags);
        const uint8_t kind = p->nodes[value].kind;
        if (value == 0)
            return -1;
        if (p->tok.type == T_AS) {
            py_advance(p);
            if (py_header(p, 0) == 0)
                return -1;
            py_list_add(p, items, with_item(p, value, p->val));
        } else if (flags != 0 && kind == PY_WITHITEM) {
            py_list_add(p, items, value);
        } else if (flags != 0 && kind == PY_TUPLE && p->tok.type == T_COLON) {
            items_of(p, items, p->nodes[p->nodes[value].first].first);
        } else {
            py_list_add(p, items, with_item(p, value, py_absent(p)));
        }
        if (p->tok.type != T_COMMA)
            return 0;
        py_advance(p);
    }
}

static int with(struct py_parser *p, uint8_t flags, uint32_t line, uint32_t column)
{
    const py_node n = py_new(p, PY_WITH, line, column);
    struct py_list items;
    py_node list;

    p->nodes[n].flags = flags;
    py_list_begin(p, &items, p->tok.line, p->tok.column);
    py_advance(p);
    if (with_items(p, &items) != 0)
        return -1;
    list = py_empty_list(p);
    py_children2(p, n, items.node, list);
    py_append(p, n);
    return py_body(p, list);
}

/* --- match
 * -------------------------------------------------------------------------------------------------- */

/* Is this `match` a statement and no name? It is when its logical line ends in a colon. */
static int is_match(struct py_parser *p)
{
    const struct py_lex_pos at = p->lx.at;
    struct py_token t = p->tok;
    uint8_t first, before;
    size_t read;

    py_lex_next(&p->lx, &t);
    first = before = t.type;
    if (first == T_EQUAL || first == T_DOT || first == T_COLON || first == T_COMMA || p->lookahead == 0) {
        p->lx.at = at;
        return 0;
    }
    while (t.type != T_NEWLINE && t.type != T_EOF && t.type != T_ERROR &&
           !(t.type == T_SEMI && p->lx.at.depth == 0)) {
        before = t.type;
        py_lex_next(&p->lx, &t);
    }
    read = (size_t)(p->lx.at.p - at.p);
    p->lookahead -= read < p->lookahead ? read : p->lookahead;
    p->lx.at = at;
    return t.type == T_NEWLINE && before == T_COLON;
}

static int match(struct py_parser *p)
{
    const py_node n = py_new_here(p, PY_MATCH);
    py_node subject, cases;

    py_advance(p);
    subject = py_header(p, PY_X_TUPLE);
    if (subject == 0)
        return -1;
    cases = py_empty_list(p);
    py_children2(p, n, subject, cases);
    py_append(p, n);
    if (py_expect(p, T_COLON, "expected ':'") != 0 || py_expect(p, T_NEWLINE, "expected a new line") != 0)
        return -1;
    if (p->tok.type != T_INDENT)
        return py_fail_here(p, "expected an indented block");
    py_push_block(p, cases);
    py_top(p)->cases = 1;
    return py_advance(p);
}

static int case_(struct py_parser *p)
{
    const py_node n = py_new_here(p, PY_CASE);
    py_node pattern, guard, list;

    py_advance(p);
    pattern = py_header(p, PY_X_TUPLE | PY_X_PATTERN);
    if (pattern == 0)
        return -1;
    if (p->tok.type == T_IF) {
        py_advance(p);
        guard = py_header(p, 0);
        if (guard == 0)
            return -1;
    } else {
        guard = py_absent(p);
    }
    list = py_empty_list(p);
    py_children3(p, n, pattern, guard, list);
    py_append(p, n);
    return py_body(p, list);
}

/* --- one statement, one file
 * ---------------------------------------------------------------------------------- */

/* `async` before def, for, with; 0 when it is a name. */
static int async(struct py_parser *p)
{
    const struct py_lex_pos at = p->lx.at;
    const struct py_token word = p->tok;

    py_advance(p);
    switch (p->tok.type) {
    case T_DEF:
        return py_def(p, PY_F_ASYNC, word.line, word.column) != 0 ? -1 : 1;
    case T_FOR:
        py_stray_decorators(p);
        return for_(p, PY_F_ASYNC, word.line, word.column) != 0 ? -1 : 1;
    case T_WITH:
        py_stray_decorators(p);
        return with(p, PY_F_ASYNC, word.line, word.column) != 0 ? -1 : 1;
    default:
        p->lx.at = at;
        p->tok = word;
        return 0;
    }
}

int py_compound(struct py_parser *p)
{
    const uint32_t line = p->tok.line, column = p->tok.column;
    int rc;

    switch (p->tok.type) {
    case T_DEF:
        rc = py_def(p, 0, line, column);
        break;
    case T_CLASS:
        rc = py_class(p);
        break;
    case T_AT:
        rc = py_decorator(p);
        break;
    case T_ASYNC:
        return async(p);
    default:
        if (p->decorators.node != 0) {
            py_fail_here(p, "expected a function or a class after decorators");
            py_stray_decorators(p);
        }
        switch (p->tok.type) {
        case T_IF:
        case T_WHILE:
            rc = if_while(p, 0);
            break;
        case T_FOR:
            rc = for_(p, 0, line, column);
            break;
        case T_TRY:
            rc = try_(p);
            break;
        case T_WITH:
            rc = with(p, 0, line, column);
            break;
        case T_NAME:
            if (py_top(p)->cases && py_name_is(p, "case"))
                rc = case_(p);
            else if (py_name_is(p, "match") && is_match(p))
                rc = match(p);
            else
                return 0;
            break;
        default:
            return 0;
        }
    }
    return rc != 0 ? -1 : 1;
}

static void resync(struct py_parser *p)
{
    if (p->tok.type != T_NEWLINE && p->tok.type != T_INDENT && p->tok.type != T_DEDENT &&
        p->tok.type != T_EOF) {
        py_lex_resync(&p->lx);
        py_advance(p);
    }
    if (p->tok.type == T_NEWLINE)
        py_advance(p);
}

static int statement(struct py_parser *p)
{
    int rc = clause(p);

    if (rc != 0)
        return rc < 0 ? -1 : 0;
    py_close_open(p, py_top(p));
    rc = py_compound(p);
    if (rc == 0)
        rc = py_simple_line(p, &py_top(p)->body);
    return rc < 0 ? -1 : 0;
}

/* Indentation that nothing asked for: its statements belong to the list around it. */
static void bare_block(struct py_parser *p)
{
    const struct py_list around = py_top(p)->body;

    py_fail_here(p, "unexpected indent");
    py_push_block(p, around.node);
    py_top(p)->body = around;
    py_top(p)->bare = 1;
    py_advance(p);
}

static void end_block(struct py_parser *p)
{
    const struct py_block b = *py_top(p);

    py_close_open(p, py_top(p));
    py_stray_decorators(p);
    p->n_blocks--;
    if (b.bare)
        py_top(p)->body = b.body;
}

void py_file(struct py_parser *p, py_node module)
{
    py_push_block(p, p->nodes[module].first);
    py_advance(p);
    while (p->tok.type != T_EOF && p->fatal == PY_E_OK) {
        if (p->tok.type == T_NEWLINE) {
            py_advance(p);
        } else if (p->tok.type == T_INDENT) {
            bare_block(p);
        } else if (p->tok.type == T_DEDENT) {
            if (p->n_blocks > 1)
                end_block(p);
            py_advance(p);
        } else if (p->tok.type == T_ERROR && p->lx.resume) {
            py_fail_here(p, NULL);
            p->lx.resume = 0;
            py_advance(p);
        } else if (statement(p) != 0) {
            resync(p);
        }
    }
    while (p->n_blocks > 0) {
        py_close_open(p, py_top(p));
        py_stray_decorators(p);
        p->n_blocks--;
    }
}
