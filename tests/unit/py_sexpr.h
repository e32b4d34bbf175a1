/* SPDX-License-Identifier: Apache-2.0 */
/* A tree as one line of text, for the tests of the parser: (Kind:op "text" children...), lists in [...]. */
#ifndef HUBGUARD_TESTS_PY_SEXPR_H
#define HUBGUARD_TESTS_PY_SEXPR_H

#include <stdio.h>
#include <string.h>

#include "scanner/py_ast.h"

static const char *const py_kind_names[PY_KIND_COUNT] = {
    "None",      "",          "Module",    "Def",       "Class",    "Return",   "Delete", "Assign",
    "AugAssign", "AnnAssign", "For",       "While",     "If",       "With",     "Item",   "Match",
    "Case",      "Raise",     "Try",       "Handler",   "Assert",   "Import",   "From",   "Alias",
    "Global",    "Nonlocal",  "Expr",      "Pass",      "Break",    "Continue", "Type",   "Print2",
    "Exec2",     "Name",      "Attr",      "Call",      "Kw",       "Star",     "DStar",  "Sub",
    "Slice",     "Int",       "Float",     "Str",       "Bytes",    "FStr",     "Field",  "Const",
    "Tuple",     "List",      "Set",       "Dict",      "ListComp", "SetComp",  "GenExp", "DictComp",
    "CompFor",   "Unary",     "Bin",       "Bool",      "Compare",  "IfExp",    "Walrus", "Lambda",
    "Await",     "Yield",     "YieldFrom", "Backquote", "Params",   "Param",
};

struct py_sexpr {
    char text[8192];
    size_t n;
};

static void py_sexpr_put(struct py_sexpr *s, const char *t, size_t n)
{
    for (size_t i = 0; i < n && s->n + 1 < sizeof s->text; i++)
        s->text[s->n++] = t[i] == '\n' ? '$' : t[i];
    s->text[s->n] = 0;
}

static void py_sexpr_open(struct py_sexpr *s, const struct py_nodedata *d)
{
    char head[64];

    if (d->kind == PY_NONE) {
        py_sexpr_put(s, "-", 1);
        return;
    }
    if (d->kind == PY_LIST_OF) {
        py_sexpr_put(s, "[", 1);
        return;
    }
    snprintf(head, sizeof head, "(%s", py_kind_names[d->kind]);
    py_sexpr_put(s, head, strlen(head));
    if (d->op != 0) {
        snprintf(head, sizeof head, d->op > 32 ? ":%c" : ":%d", d->op);
        py_sexpr_put(s, head, strlen(head));
    }
    if (d->flags & PY_F_ASYNC)
        py_sexpr_put(s, ":async", 6);
    if (d->flags & PY_F_TSTRING)
        py_sexpr_put(s, ":t", 2);
    if (d->level != 0) {
        snprintf(head, sizeof head, "^%u", d->level);
        py_sexpr_put(s, head, strlen(head));
    }
    if (d->text != NULL) {
        py_sexpr_put(s, " ", 1);
        py_sexpr_put(s, d->text, d->text_len);
    }
}

/* The module's statements. Trees of tests are small: the stack holds them. */
static const char *py_sexpr_of(const struct py_tree *t, struct py_sexpr *s)
{
    py_node stack[4096], n = py_at(t, py_at(t, t->module)->first)->first;
    size_t depth = 0;

    s->n = 0;
    s->text[0] = 0;
    while (n != 0 || depth != 0) {
        if (n == 0) {
            const struct py_nodedata *up = py_at(t, stack[--depth]);
            py_sexpr_put(s,
                         up->kind == PY_LIST_OF ? "]"
                         : up->kind == PY_NONE  ? ""
                                                : ")",
                         up->kind != PY_NONE);
            n = up->next;
        } else {
            if (s->n != 0 && s->text[s->n - 1] != '[')
                py_sexpr_put(s, " ", 1);
            py_sexpr_open(s, py_at(t, n));
            stack[depth++] = n;
            n = depth < 4095 ? py_at(t, n)->first : 0;
        }
    }
    return s->text;
}

#endif
