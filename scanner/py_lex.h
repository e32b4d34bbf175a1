/* SPDX-License-Identifier: Apache-2.0 */
/* Python tokens out of decoded text, one at a time. No allocation, no recursion: everything that nests
 * (brackets, f-string fields, format specifications) is one entry on a stack of fixed size. */
#ifndef HUBGUARD_SCANNER_PY_LEX_H
#define HUBGUARD_SCANNER_PY_LEX_H

#include <stddef.h>
#include <stdint.h>

#include "scanner/py_ast.h"

enum {
    PY_LEX_MAX_NEST = 2000,   /* brackets and f-strings inside one another; CPython stops at 200 */
    PY_LEX_MAX_INDENT = 1000, /* CPython stops at 100 */
};

enum py_tok_type {
    T_EOF = 0,
    T_ERROR, /* py_lexer.err and py_lexer.message say what */
    T_NEWLINE,
    T_INDENT,
    T_DEDENT,
    T_NAME,
    T_INT,
    T_FLOAT,
    T_STRING,
    T_FSTART,  /* an f-string or t-string begins */
    T_FMIDDLE, /* literal text in it; escapes not yet evaluated, doubled braces already single */
    T_FEND,
    T_FOPEN,  /* { */
    T_FCLOSE, /* } */
    T_FBANG,  /* the ! before a conversion */
    T_FCOLON, /* the : before a format specification */
    T_LPAR,
    T_RPAR,
    T_LSQB,
    T_RSQB,
    T_LBRACE,
    T_RBRACE,
    T_COMMA,
    T_COLON,
    T_SEMI,
    T_DOT,
    T_ELLIPSIS,
    T_AT,
    T_EQUAL,
    T_WALRUS,
    T_ARROW,
    T_BACKQUOTE,
    T_TILDE,
    T_BINARY_FIRST,
    T_PLUS = T_BINARY_FIRST,
    T_MINUS,
    T_STAR,
    T_SLASH,
    T_PERCENT,
    T_PIPE,
    T_AMPER,
    T_CARET,
    T_POW,
    T_FLOORDIV,
    T_LSHIFT,
    T_RSHIFT,
    T_COMPARE,   /* < > == >= <= != <> : which one is not kept */
    T_AUGASSIGN, /* += and its kind; flags hold the operator as enum py_op has it */
    /* keywords */
    T_FALSE,
    T_NONE,
    T_TRUE,
    T_AND,
    T_AS,
    T_ASSERT,
    T_ASYNC,
    T_AWAIT,
    T_BREAK,
    T_CLASS,
    T_CONTINUE,
    T_DEF,
    T_DEL,
    T_ELIF,
    T_ELSE,
    T_EXCEPT,
    T_FINALLY,
    T_FOR,
    T_FROM,
    T_GLOBAL,
    T_IF,
    T_IMPORT,
    T_IN,
    T_IS,
    T_LAMBDA,
    T_NONLOCAL,
    T_NOT,
    T_OR,
    T_PASS,
    T_RAISE,
    T_RETURN,
    T_TRY,
    T_WHILE,
    T_WITH,
    T_YIELD,
    T_COUNT
};

enum py_tok_flag {
    PY_TF_RAW = 1,
    PY_TF_BYTES = 2,
    PY_TF_FORMAT = 4,
    PY_TF_TEMPLATE = 8,
    PY_TF_TRIPLE = 16,
    PY_TF_NONASCII = 32, /* T_NAME: has to be normalised */
    PY_TF_ESCAPES = 64,  /* the text holds a backslash */
};

struct py_token {
    uint8_t type;  /* enum py_tok_type */
    uint8_t flags; /* enum py_tok_flag, or the operator of T_AUGASSIGN */
    uint32_t line; /* 1-based */
    uint32_t column;
    uint32_t len;
    const char *start; /* T_STRING: what stands between the quotes; prefix and quotes are left out */
};

/* What a look-ahead has to put back. Only valid at bracket depth 0. */
struct py_lex_pos {
    const char *p;
    const char *line_start;
    uint32_t line;
    uint32_t depth;
    uint32_t dedents; /* T_DEDENT tokens still to be given out */
    uint8_t at_bol;   /* the next character starts a line whose indentation counts */
    uint8_t newline_due;
};

struct py_nest {
    uint8_t kind;  /* the closing bracket that is waited for, or enum in py_lex.c */
    uint8_t quote; /* of the f-string that this belongs to */
    uint8_t flags; /* enum py_tok_flag of that f-string */
};

struct py_lexer {
    struct py_lex_pos at;
    const char *end; /* *end is NUL */
    enum py_error_code err;
    const char *message; /* static text */
    uint32_t split_line; /* first line whose indentation Python 3.8 and later ones read differently, or 0 */
    int resume;          /* the T_ERROR just given was about the indentation: the next token is usable */
    uint32_t n_indents;
    uint32_t indents[PY_LEX_MAX_INDENT + 1];
    struct py_nest nest[PY_LEX_MAX_NEST + 1];
};

/* `text[size]` must be NUL, no other byte may be, and the text must outlive the lexer and its tokens. */
/* `text` is followed by PY_LEX_PAD NUL bytes: it is read a word at a time. */
#define PY_LEX_PAD 8
void py_lex_init(struct py_lexer *lx, const char *text, size_t size);
void py_lex_next(struct py_lexer *lx, struct py_token *tok);
/* After an error: forget open brackets and go to the end of the line, so that T_NEWLINE comes next. */
void py_lex_resync(struct py_lexer *lx);

#endif
