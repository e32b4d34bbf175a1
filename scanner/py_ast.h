/* SPDX-License-Identifier: Apache-2.0 */
/* The tree that the parser builds and the semantic pass reads. Flat: nodes live in one array and name each
 * other by index, so that building, walking and freeing never recurse. Index 0 is PY_NONE ("absent"). */
#ifndef HUBGUARD_SCANNER_PY_AST_H
#define HUBGUARD_SCANNER_PY_AST_H

#include <stddef.h>
#include <stdint.h>

typedef uint32_t py_node; /* index into py_tree.nodes; 0 = absent */

/* Children are listed in source order through `first`/`next`. "name" means node.text/text_len.
 * A group whose size varies is a PY_LIST_OF node, so every kind has a fixed number of children;
 * an absent optional child is a PY_NONE-kind placeholder node, so that positions never shift. */
enum py_kind {
    PY_NONE = 0,
    PY_LIST_OF, /* any number of children: bodies, targets, arguments, ... */

    /* statements */
    PY_MODULE,    /* body:LIST_OF */
    PY_FUNCDEF,   /* name; decorators:LIST_OF params:PARAMS returns:expr|NONE body:LIST_OF ; flag ASYNC */
    PY_CLASSDEF,  /* name; decorators:LIST_OF args:LIST_OF(expr|KEYWORD|STARRED|DOUBLESTAR) body:LIST_OF */
    PY_RETURN,    /* expr|NONE */
    PY_DELETE,    /* LIST_OF expr */
    PY_ASSIGN,    /* targets:LIST_OF value   (a = b = v has two targets) */
    PY_AUGASSIGN, /* target value ; op */
    PY_ANNASSIGN, /* target annotation value|NONE */
    PY_FOR,       /* target iter body:LIST_OF orelse:LIST_OF ; flag ASYNC */
    PY_WHILE,     /* test body orelse */
    PY_IF,        /* test body orelse   (elif: orelse holds one PY_IF) */
    PY_WITH,      /* items:LIST_OF WITHITEM, body ; flag ASYNC */
    PY_WITHITEM,  /* expr target|NONE */
    PY_MATCH,     /* subject cases:LIST_OF CASE */
    PY_CASE,    /* pattern:expr-like guard|NONE body. `p as x` is a NAMEDEXPR; a class pattern C(a, k=b) calls
                   nothing: a SUBSCRIPT of C whose index is a TUPLE that may hold KEYWORDs */
    PY_RAISE,   /* exc|NONE cause|NONE */
    PY_TRY,     /* body handlers:LIST_OF HANDLER orelse finalbody */
    PY_HANDLER, /* name (may be empty); type|NONE body */
    PY_ASSERT,  /* test msg|NONE */
    PY_IMPORT,  /* LIST_OF ALIAS */
    PY_IMPORTFROM, /* name = module (dotted, may be empty); LIST_OF ALIAS ; level = leading dots.
                      `from x import *` has one ALIAS named "*" */
    PY_ALIAS,      /* name = dotted name; asname:NAME|NONE */
    PY_GLOBAL,     /* LIST_OF NAME */
    PY_NONLOCAL,   /* LIST_OF NAME */
    PY_EXPRSTMT,   /* expr */
    PY_PASS,
    PY_BREAK,
    PY_CONTINUE,
    PY_TYPEALIAS, /* name; value   (type X[T] = value). Bounds and defaults of type parameters, here and in a
                     def or class, are a PY_EXPRSTMT with a PY_TUPLE before the statement */
    PY_PRINT2,    /* LIST_OF expr          Python 2 print statement */
    PY_EXEC2,     /* code globals|NONE locals|NONE   Python 2 exec statement */

    /* expressions */
    PY_NAME,       /* name, NFKC-normalised */
    PY_ATTRIBUTE,  /* name; value */
    PY_CALL,       /* func args:LIST_OF(expr|KEYWORD|STARRED|DOUBLESTAR) */
    PY_KEYWORD,    /* name; value */
    PY_STARRED,    /* value */
    PY_DOUBLESTAR, /* value   (**x in a call, a class head or a dict display) */
    PY_SUBSCRIPT,  /* value index */
    PY_SLICE,      /* lower|NONE upper|NONE step|NONE */
    PY_INT,        /* text = digits as written (underscores kept) ; also Python 2 forms 0777, 1L */
    PY_FLOAT,      /* text as written, also imaginary */
    PY_STR,   /* text = value in UTF-8 after escapes and implicit concatenation (lone surrogates as WTF-8) */
    PY_BYTES, /* text = value, raw bytes, after escapes and implicit concatenation */
    PY_FSTRING,   /* LIST_OF (STR | FORMATTED), implicit concatenation merged ; flag TSTRING for t-strings */
    PY_FORMATTED, /* value spec:FSTRING|NONE ; op = conversion character 'r','s','a' or 0 */
    PY_CONST,     /* op: PY_C_NONE PY_C_TRUE PY_C_FALSE PY_C_ELLIPSIS */
    PY_TUPLE,     /* LIST_OF */
    PY_LIST,      /* LIST_OF */
    PY_SET,       /* LIST_OF */
    PY_DICT,      /* LIST_OF alternating key value; ** entries are DOUBLESTAR followed by NONE */
    PY_LISTCOMP,  /* elt clauses:LIST_OF COMPFOR */
    PY_SETCOMP,   /* elt clauses */
    PY_GENEXP,    /* elt clauses */
    PY_DICTCOMP,  /* key value clauses */
    PY_COMPFOR,   /* target iter ifs:LIST_OF ; flag ASYNC */
    PY_UNARY,     /* operand ; op '-', '+', '~', or PY_OP_NOT */
    PY_BINARY,    /* left right ; op */
    PY_BOOLOP,    /* LIST_OF operands ; op PY_OP_AND or PY_OP_OR */
    PY_COMPARE,   /* LIST_OF operands (operators are not kept) */
    PY_IFEXP,     /* body test orelse   (body if test else orelse) */
    PY_NAMEDEXPR, /* target value   (walrus) */
    PY_LAMBDA,    /* params:PARAMS body */
    PY_AWAIT,     /* value */
    PY_YIELD,     /* value|NONE */
    PY_YIELDFROM, /* value */
    PY_BACKQUOTE, /* value   Python 2 `x` */

    PY_PARAMS, /* LIST_OF PARAM, in order */
    PY_PARAM, /* name; annotation|NONE default|NONE ; op 0, '*' or 'D' (for **) ; a bare * or / is not kept */
    PY_KIND_COUNT
};

enum py_op { /* single characters stand for themselves: + - * / % & | ^ ~ @ ; the rest: */
             PY_OP_POW = 1,
             PY_OP_FLOORDIV,
             PY_OP_LSHIFT,
             PY_OP_RSHIFT,
             PY_OP_NOT,
             PY_OP_AND,
             PY_OP_OR
};
enum py_const { PY_C_NONE = 1, PY_C_TRUE, PY_C_FALSE, PY_C_ELLIPSIS };
enum py_flag {
    PY_F_ASYNC = 1,
    PY_F_TSTRING = 2,
    PY_F_PAREN = 4 /* expression stood in its own parentheses */
};

struct py_nodedata {
    uint8_t kind; /* enum py_kind */
    uint8_t op;
    uint8_t flags;
    uint8_t level; /* PY_IMPORTFROM: leading dots, capped at 255 */
    uint32_t line; /* 1-based, as ast.lineno has it; a decorated function or class: the `def`/`class` line */
    uint32_t column; /* 0-based, in bytes of the UTF-8 text */
    py_node first;   /* first child */
    py_node next;    /* next sibling */
    uint32_t text_len;
    const char *text; /* not NUL-terminated; lives as long as the tree; NULL where the kind has none */
};

struct py_tree {
    struct py_nodedata *nodes;
    uint32_t count;
    py_node module;
    void *arena; /* the parser's */
};

enum py_error_code {
    PY_E_OK = 0,
    PY_E_SYNTAX,   /* the parser does not accept it */
    PY_E_ENCODING, /* bytes and cookie disagree, unknown codec, or invalid UTF-8 */
    PY_E_CODEC,    /* a codec that nobody needs in source: utf-7, rot13, unicode_escape and their kind */
    PY_E_DEPTH,    /* nested deeper than the cap */
    PY_E_SIZE,     /* more bytes, tokens or nodes than the cap */
    PY_E_NUL,      /* a NUL byte, which CPython refuses too */
    PY_E_NOMEM
};

struct py_error {
    enum py_error_code code;
    uint32_t line, column; /* 1-based, 0 = unknown */
    char text[160];        /* one line, control characters escaped */
};

/* The text Python would read: coding cookie or BOM obeyed, decoded to UTF-8, BOM dropped, line ends made \n.
 * `raw_utf8`: the bytes are already decoded text (no cookie is obeyed).
 * On success *text is malloc'ed, NUL-terminated after *size bytes, and the caller frees it. 0 or -1 with
 * *err. */
int py_source_decode(const uint8_t *bytes, size_t size, int raw_utf8, char **text, size_t *size_out,
                     struct py_error *err);

/* Parse decoded text. Non-recursive, linear in size, capped. On a syntax error *tree still holds every
 * statement that could be parsed (the parser resynchronises at the next logical line), and -1 is returned
 * with the first error; py_tree_free() is due in both cases. The text is copied: it need not outlive the
 * call. With PY_E_NOMEM the tree may have no node at all (count 0). In strings, \N{NAME} of a character
 * beyond Latin-1 is U+FFFD. */
int py_parse(const char *text, size_t size, struct py_tree *tree, struct py_error *err);
void py_tree_free(struct py_tree *tree);

static inline const struct py_nodedata *py_at(const struct py_tree *t, py_node n)
{
    return &t->nodes[n];
}
/* k-th child (0-based), or 0. */
static inline py_node py_child(const struct py_tree *t, py_node n, unsigned k)
{
    py_node c = t->nodes[n].first;
    while (k-- != 0 && c != 0)
        c = t->nodes[c].next;
    return c;
}

#endif
