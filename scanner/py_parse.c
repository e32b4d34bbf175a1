/* SPDX-License-Identifier: Apache-2.0 */
/* The tree's memory, and the way in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/py_internal.h"

struct py_chunk {
    struct py_chunk *next;
    char data[];
};

enum { CHUNK = 64 << 10 };

static int fatal(struct py_parser *p, enum py_error_code code, const char *message)
{
    py_fail(p, code, p->tok.line, p->tok.column, message);
    p->fatal = code;
    return -1;
}

int py_fail(struct py_parser *p, enum py_error_code code, uint32_t line, uint32_t column, const char *message)
{
    if (p->err->code == PY_E_OK) {
        p->err->code = code;
        p->err->line = line;
        p->err->column = column + 1;
        snprintf(p->err->text, sizeof p->err->text, "%s", message);
    }
    if (code != PY_E_SYNTAX)
        p->fatal = code;
    return -1;
}

int py_fail_here(struct py_parser *p, const char *message)
{
    if (p->tok.type == T_ERROR)
        return py_fail(p, p->lx.err, p->tok.line, p->tok.column, p->lx.message);
    return py_fail(p, PY_E_SYNTAX, p->tok.line, p->tok.column, message);
}

char *py_arena_alloc(struct py_parser *p, size_t size)
{
    struct py_arena *a = p->arena;

    if ((size_t)(a->end - a->at) < size) {
        const size_t room = size > CHUNK ? size : CHUNK;
        struct py_chunk *c = malloc(sizeof *c + room);
        if (c == NULL) {
            fatal(p, PY_E_NOMEM, "out of memory");
            return NULL;
        }
        c->next = a->chunks;
        a->chunks = c;
        a->at = c->data;
        a->end = c->data + room;
    }
    a->at += size;
    return a->at - size;
}

py_node py_grow_nodes(struct py_parser *p)
{
    struct py_nodedata *more;
    uint32_t cap = p->cap_nodes + p->cap_nodes / 2 + 64;

    if (p->fatal != PY_E_OK)
        return 0;
    if (cap > PY_MAX_NODES)
        cap = PY_MAX_NODES;
    if (cap == p->cap_nodes) {
        fatal(p, PY_E_SIZE, "too much code in one file");
        return 0;
    }
    more = realloc(p->nodes, cap * sizeof *more);
    if (more == NULL) {
        fatal(p, PY_E_NOMEM, "out of memory");
        return 0;
    }
    p->nodes = more;
    p->cap_nodes = cap;
    return p->n_nodes;
}

/* The text is copied: it ends in NULs then, which the lexer needs, and the tree stands alone. */
static char *copy_text(struct py_parser *p, const char *text, size_t size)
{
    char *copy;

    if (size > PY_MAX_BYTES) {
        fatal(p, PY_E_SIZE, "file too large");
        return NULL;
    }
    if (size != 0 && memchr(text, 0, size) != NULL) {
        fatal(p, PY_E_NUL, "NUL byte in source");
        return NULL;
    }
    copy = py_arena_alloc(p, size + PY_LEX_PAD);
    if (copy != NULL) {
        if (size != 0)
            memcpy(copy, text, size);
        memset(copy + size, 0, PY_LEX_PAD);
    }
    return copy;
}

static int prepare(struct py_parser *p, size_t size)
{
    p->cap_nodes = (uint32_t)(size < PY_MAX_BYTES ? size : 0) / 6 + 64;
    p->nodes = malloc(p->cap_nodes * sizeof *p->nodes);
    p->blocks = malloc((PY_LEX_MAX_INDENT + 2) * sizeof *p->blocks);
    if (p->arena == NULL || p->nodes == NULL || p->blocks == NULL)
        return fatal(p, PY_E_NOMEM, "out of memory");
    p->nodes[0] = (struct py_nodedata){0};
    p->n_nodes = 1;
    return 0;
}

int py_parse(const char *text, size_t size, struct py_tree *tree, struct py_error *err)
{
    struct py_parser *p = calloc(1, sizeof *p);
    char *copy;

    *tree = (struct py_tree){0};
    *err = (struct py_error){0};
    if (p == NULL) {
        err->code = PY_E_NOMEM;
        return -1;
    }
    p->err = err;
    p->arena = calloc(1, sizeof *p->arena);
    if (prepare(p, size) == 0) {
        tree->module = py_new(p, PY_MODULE, 1, 0);
        py_child1(p, tree->module, py_new(p, PY_LIST_OF, 1, 0));
        copy = copy_text(p, text, size);
        if (copy != NULL) {
            p->text = copy;
            p->lookahead = size;
            py_lex_init(&p->lx, copy, size);
            py_file(p, tree->module);
            if (p->lx.split_line != 0)
                py_fail(p, PY_E_SYNTAX, p->lx.split_line, 0,
                        "a backslash before the indentation: Python versions disagree about the block");
        }
        p->nodes[0] = (struct py_nodedata){0};
    }
    tree->nodes = p->nodes;
    tree->count = p->n_nodes;
    tree->arena = p->arena;
    free(p->frames);
    free(p->blocks);
    free(p->acc);
    free(p);
    return err->code == PY_E_OK ? 0 : -1;
}

void py_tree_free(struct py_tree *tree)
{
    struct py_arena *a = tree->arena;

    if (a != NULL) {
        for (struct py_chunk *c = a->chunks, *next; c != NULL; c = next) {
            next = c->next;
            free(c);
        }
        free(a);
    }
    free(tree->nodes);
    *tree = (struct py_tree){0};
}
