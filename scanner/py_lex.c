/* SPDX-License-Identifier: Apache-2.0 */
#include "scanner/py_lex.h"

#include <endian.h>
#include <string.h>

#include "scanner/py_lex_tables.h"

/* py_nest.kind, besides ) ] } */
enum {
    NEST_LITERAL = 'L', /* inside an f-string, literal text */
    NEST_FIELD = 'F',   /* inside a replacement field, an expression */
    NEST_SPEC = 'S',    /* inside a format specification, literal text */
};

void py_lex_init(struct py_lexer *lx, const char *text, size_t size)
{
    lx->at = (struct py_lex_pos){.p = text, .line_start = text, .line = 1, .at_bol = 1};
    lx->end = text + size;
    lx->err = PY_E_OK;
    lx->message = NULL;
    lx->resume = 0;
    lx->split_line = 0;
    lx->n_indents = 1;
    lx->indents[0] = 0;
}

void py_lex_resync(struct py_lexer *lx)
{
    const char *nl = memchr(lx->at.p, '\n', (size_t)(lx->end - lx->at.p));

    lx->at.p = nl != NULL ? nl : lx->end;
    lx->at.depth = 0;
    lx->at.newline_due = 1;
}

static void fail(struct py_lexer *lx, struct py_token *t, enum py_error_code code, const char *message)
{
    lx->err = code;
    lx->message = message;
    t->type = T_ERROR;
}

/* --- eight bytes at a time --------------------------------------------------------------------------------
 */

#define EACH(byte) (0x0101010101010101ULL * (unsigned char)(byte))
#define HIGH_BITS  EACH(0x80)

static inline uint64_t load8(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return le64toh(word);
}

static inline size_t first_byte(uint64_t bits)
{
    return (size_t)__builtin_ctzll(bits) / 8;
}

/* High bits: the lowest one set is that of the first byte that is zero. */
static inline uint64_t zero_bytes(uint64_t word)
{
    return (word - EACH(1)) & ~word & HIGH_BITS;
}

/* High bits of the bytes that may stand in a name: letters, digits, _, and all that is not ASCII. */
static inline uint64_t name_bytes(uint64_t word)
{
    const uint64_t low = word & ~HIGH_BITS, folded = low | EACH(0x20);
    const uint64_t letter = (folded + EACH(0x80 - 'a')) & ~(folded + EACH(0x7F - 'z'));
    const uint64_t digit = (low + EACH(0x80 - '0')) & ~(low + EACH(0x7F - '9'));
    const uint64_t underscore = ~((low ^ EACH('_')) + EACH(0x7F));
    return (letter | digit | underscore | word) & HIGH_BITS;
}

static inline void begin(const struct py_lexer *lx, struct py_token *t)
{
    t->start = lx->at.p;
    t->line = lx->at.line;
    t->column = (uint32_t)(lx->at.p - lx->at.line_start);
    t->flags = 0;
    t->len = 0;
}

static inline void finish(struct py_lexer *lx, struct py_token *t, enum py_tok_type type, const char *p)
{
    t->type = (uint8_t)type;
    t->len = (uint32_t)(p - t->start);
    lx->at.p = p;
}

static inline void count_line(struct py_lexer *lx, const char *after_newline)
{
    lx->at.line++;
    lx->at.line_start = after_newline;
}

static int push(struct py_lexer *lx, struct py_token *t, uint8_t kind, uint8_t quote, uint8_t flags)
{
    if (lx->at.depth >= PY_LEX_MAX_NEST) {
        fail(lx, t, PY_E_DEPTH, "brackets nested too deeply");
        return -1;
    }
    lx->nest[lx->at.depth++] = (struct py_nest){kind, quote, flags};
    return 0;
}

/* --- line starts ---------------------------------------------------------------------------------------- */

/* The width of the white space at a line's start, as CPython counts it: a tab goes to the next multiple of 8,
 * a form feed starts over, and a backslash at a line's end keeps the width that stands before it. Where
 * nothing stands before the backslash, Python 3.8 keeps that 0 and later ones take the next line's width:
 * *split. */
static uint32_t indentation(struct py_lexer *lx, int *split)
{
    uint32_t width = 0, kept = 0;
    const char *p = lx->at.p;

    *split = 0;
    for (;; p++) {
        if (*p == ' ') {
            width++;
        } else if (*p == '\t') {
            width = (width / 8 + 1) * 8;
        } else if (*p == '\f') {
            width = 0;
        } else if (*p == '\\' && p[1] == '\n') {
            *split = *split || (width == 0 && kept == 0);
            kept = kept != 0 ? kept : width;
            width = 0;
            p++;
            count_line(lx, p + 1);
        } else {
            break;
        }
    }
    lx->at.p = p;
    return kept != 0 ? kept : width;
}

/* At a line's start: skip lines that hold nothing, then give out T_INDENT or count the T_DEDENTs that are
 * due. Returns 1 when *t was filled. */
static int line_start(struct py_lexer *lx, struct py_token *t)
{
    uint32_t width;
    int split;

    for (;;) {
        width = indentation(lx, &split);
        if (*lx->at.p == '#') {
            const char *nl = memchr(lx->at.p, '\n', (size_t)(lx->end - lx->at.p));
            lx->at.p = nl != NULL ? nl : lx->end;
        }
        if (*lx->at.p != '\n')
            break;
        lx->at.p++;
        count_line(lx, lx->at.p);
    }
    lx->at.at_bol = 0;
    if (lx->at.p == lx->end)
        return 0;
    begin(lx, t);
    if (split && width != 0 && lx->split_line == 0)
        lx->split_line = lx->at.line;
    if (width > lx->indents[lx->n_indents - 1]) {
        if (lx->n_indents > PY_LEX_MAX_INDENT) {
            fail(lx, t, PY_E_DEPTH, "indented too deeply");
            return 1;
        }
        lx->indents[lx->n_indents++] = width;
        t->type = T_INDENT;
        return 1;
    }
    while (width < lx->indents[lx->n_indents - 1]) {
        lx->n_indents--;
        lx->at.dedents++;
    }
    if (width !=
        lx->indents[lx->n_indents - 1]) { /* the innermost block that was left goes on at this width */
        lx->indents[lx->n_indents++] = width;
        lx->at.dedents--;
        lx->resume = 1;
        fail(lx, t, PY_E_SYNTAX, "unindent does not match any outer indentation level");
        return 1;
    }
    return 0;
}

static void end_of_file(struct py_lexer *lx, struct py_token *t)
{
    begin(lx, t);
    if (lx->at.depth != 0) {
        lx->at.depth = 0;
        lx->at.newline_due = 1;
        fail(lx, t, PY_E_SYNTAX, "end of file inside brackets or a string");
    } else if (lx->at.newline_due) {
        lx->at.newline_due = 0;
        t->type = T_NEWLINE;
    } else if (lx->n_indents > 1) {
        lx->n_indents--;
        t->type = T_DEDENT;
    } else {
        t->type = T_EOF;
    }
}

/* --- strings -------------------------------------------------------------------------------------------- */

/* Flags of the string prefix p[0..n), or -1 when this is no prefix. */
static int prefix_flags(const char *p, uint32_t n)
{
    int flags = 0, seen_u = 0;

    for (uint32_t i = 0; i < n; i++) {
        switch (p[i] | 0x20) {
        case 'r':
            flags |= PY_TF_RAW;
            break;
        case 'b':
            flags |= PY_TF_BYTES;
            break;
        case 'f':
            flags |= PY_TF_FORMAT;
            break;
        case 't':
            flags |= PY_TF_FORMAT | PY_TF_TEMPLATE;
            break;
        case 'u':
            seen_u = 1;
            break;
        default:
            return -1;
        }
    }
    if ((flags & PY_TF_FORMAT) && ((flags & PY_TF_BYTES) || seen_u))
        return -1;
    return flags;
}

/* t->start is at the prefix, `p` at the opening quote. */
/* The first byte from `p` on that a string's text does not simply go over. */
static const char *plain_text(const char *p, char quote)
{
    uint64_t stop;
    for (;; p += 8) {
        const uint64_t word = load8(p);
        stop = zero_bytes(word) | zero_bytes(word ^ EACH('\n')) | zero_bytes(word ^ EACH('\\')) |
               zero_bytes(word ^ EACH(quote));
        if (stop != 0)
            return p + first_byte(stop);
    }
}

static void lex_string(struct py_lexer *lx, struct py_token *t, const char *p, int flags)
{
    const char quote = *p;

    p++;
    if (p[0] == quote && p[1] == quote) {
        flags |= PY_TF_TRIPLE;
        p += 2;
    }
    t->flags = (uint8_t)flags;
    if (flags & PY_TF_FORMAT) {
        if (push(lx, t, NEST_LITERAL, (uint8_t)quote, t->flags) == 0)
            finish(lx, t, T_FSTART, p);
        return;
    }
    t->start = p;
    for (;; p++) {
        p = plain_text(p, quote);
        if (*p == '\\' && p + 1 < lx->end) {
            t->flags |= PY_TF_ESCAPES;
            p++;
            if (*p == '\n')
                count_line(lx, p + 1);
        } else if (*p == quote) {
            if (!(flags & PY_TF_TRIPLE) || (p[1] == quote && p[2] == quote))
                break;
        } else if (*p == '\n') {
            if (!(flags & PY_TF_TRIPLE)) {
                lx->at.p = p;
                fail(lx, t, PY_E_SYNTAX, "unterminated string");
                return;
            }
            count_line(lx, p + 1);
        } else if (p == lx->end) {
            lx->at.p = p;
            fail(lx, t, PY_E_SYNTAX, "unterminated string");
            return;
        }
    }
    finish(lx, t, T_STRING, p);
    lx->at.p = p + (flags & PY_TF_TRIPLE ? 3 : 1);
}

/* A backslash in the literal text of an f-string: what it takes with it. A brace after it is not taken, and
 * the braces of \N{...} belong to the escape. Returns the last character that is taken. */
static const char *fstring_backslash(struct py_lexer *lx, const char *p, uint8_t flags)
{
    if (p + 1 >= lx->end || p[1] == '{' || p[1] == '}')
        return p;
    p++;
    if (*p == '\n')
        count_line(lx, p + 1);
    if (*p == 'N' && p[1] == '{' && !(flags & PY_TF_RAW)) {
        const char *q = p + 2;
        while ((*q >= 'A' && *q <= 'Z') || (*q >= 'a' && *q <= 'z') || (*q >= '0' && *q <= '9') ||
               *q == ' ' || *q == '-')
            q++;
        if (*q == '}')
            p = q;
    }
    return p;
}

/* What ends the run of literal text that stops at `p`; the run itself was empty. */
static void fstring_mark(struct py_lexer *lx, struct py_token *t, struct py_nest *top, const char *p)
{
    if (*p == '{') {
        if (push(lx, t, NEST_FIELD, top->quote, top->flags) == 0)
            finish(lx, t, T_FOPEN, p + 1);
    } else if (*p == '}' && top->kind == NEST_SPEC) {
        lx->at.depth--; /* a specification ends together with its field, which it took the place of */
        finish(lx, t, T_FCLOSE, p + 1);
    } else if (*p == (char)top->quote && top->kind == NEST_LITERAL) {
        lx->at.depth--;
        finish(lx, t, T_FEND, p + (top->flags & PY_TF_TRIPLE ? 3 : 1));
    } else {
        lx->at.p = p;
        fail(lx, t, PY_E_SYNTAX, *p == '}' ? "single '}' in an f-string" : "unterminated f-string");
    }
}

static void lex_fstring(struct py_lexer *lx, struct py_token *t)
{
    struct py_nest *top = &lx->nest[lx->at.depth - 1];
    const int triple = top->flags & PY_TF_TRIPLE;
    const char *p = lx->at.p;

    begin(lx, t);
    t->flags = top->flags;
    for (;; p++) {
        if (*p == '\\') {
            t->flags |= PY_TF_ESCAPES;
            p = fstring_backslash(lx, p, top->flags);
        } else if (*p == '{' || *p == '}') {
            if (p[1] != *p || top->kind == NEST_SPEC)
                break;
            finish(lx, t, T_FMIDDLE, p + 1); /* the first brace of a pair stands for both */
            lx->at.p = p + 2;
            return;
        } else if (*p == (char)top->quote) {
            if (!triple || (p[1] == *p && p[2] == *p))
                break;
        } else if (*p == '\n') {
            if (!triple)
                break;
            count_line(lx, p + 1);
        } else if (p == lx->end) {
            break;
        }
    }
    if (p != t->start)
        finish(lx, t, T_FMIDDLE, p);
    else
        fstring_mark(lx, t, top, p);
}

/* --- names and numbers ---------------------------------------------------------------------------------- */

static void lex_name(struct py_lexer *lx, struct py_token *t)
{
    const char *p = lx->at.p;
    uint64_t word = load8(p), all = 0, stop;

    while ((stop = ~name_bytes(word) & HIGH_BITS) == 0) {
        all |= word;
        p += 8;
        word = load8(p);
    }
    all |= word & (((stop & -stop) >> 7) - 1); /* the bytes before the first that stops it */
    p += first_byte(stop);
    finish(lx, t, T_NAME, p);
    if ((*p == '"' || *p == '\'') && t->len <= 2) {
        const int flags = prefix_flags(t->start, t->len);
        if (flags >= 0) {
            lex_string(lx, t, p, flags);
            return;
        }
    }
    if (all & HIGH_BITS) {
        t->flags = PY_TF_NONASCII;
    } else if (t->len - 2U <= 6U) {
        const unsigned char *s = (const unsigned char *)t->start;
        const struct py_keyword *k = &py_keywords[PY_KEYWORD_HASH(s, t->len)];
        if (k->len == t->len && memcmp(k->text, s, t->len) == 0)
            t->type = k->type;
    }
}

static const char *digits(const char *p, uint8_t cls)
{
    while ((py_chars[(unsigned char)*p] & cls) || *p == '_')
        p++;
    return p;
}

static void lex_number(struct py_lexer *lx, struct py_token *t)
{
    const char *p = lx->at.p;
    enum py_tok_type type = T_INT;

    if (p[0] == '0' && (p[1] | 0x20) == 'x') {
        p = digits(p + 2, CH_HEX);
    } else if (p[0] == '0' && ((p[1] | 0x20) == 'o' || (p[1] | 0x20) == 'b')) {
        p = digits(p + 2, CH_DIGIT);
    } else {
        p = digits(p, CH_DIGIT);
        if (*p == '.') {
            type = T_FLOAT;
            p = digits(p + 1, CH_DIGIT);
        }
        if ((*p | 0x20) == 'e') {
            const char *q = p + 1 + (p[1] == '+' || p[1] == '-');
            if (py_chars[(unsigned char)*q] & CH_DIGIT) {
                type = T_FLOAT;
                p = digits(q, CH_DIGIT);
            }
        }
        if ((*p | 0x20) == 'j') {
            type = T_FLOAT;
            p++;
        }
    }
    if ((*p | 0x20) == 'l' && type == T_INT)
        p++;
    finish(lx, t, type, p);
}

/* --- operators ------------------------------------------------------------------------------------------ */

static void open_bracket(struct py_lexer *lx, struct py_token *t, enum py_tok_type type, uint8_t closing)
{
    if (push(lx, t, closing, 0, 0) == 0)
        finish(lx, t, type, lx->at.p + 1);
}

static void close_bracket(struct py_lexer *lx, struct py_token *t, enum py_tok_type type, uint8_t closing)
{
    const struct py_nest *top = lx->at.depth != 0 ? &lx->nest[lx->at.depth - 1] : NULL;

    if (top != NULL && top->kind == closing) {
        lx->at.depth--;
        finish(lx, t, type, lx->at.p + 1);
    } else if (top != NULL && top->kind == NEST_FIELD && closing == '}') {
        lx->at.depth--;
        finish(lx, t, T_FCLOSE, lx->at.p + 1);
    } else {
        fail(lx, t, PY_E_SYNTAX, "closing bracket that does not match");
    }
}

static void binary(struct py_lexer *lx, struct py_token *t, enum py_tok_type type, uint8_t op,
                   const char *after)
{
    if (*after == '=') {
        finish(lx, t, T_AUGASSIGN, after + 1);
        t->flags = op;
    } else {
        finish(lx, t, type, after);
    }
}

/* The characters that mean something else at the outermost level of a replacement field. */
static int field_mark(struct py_lexer *lx, struct py_token *t)
{
    struct py_nest *top = lx->at.depth != 0 ? &lx->nest[lx->at.depth - 1] : NULL;
    const char *p = lx->at.p;

    if (top == NULL || top->kind != NEST_FIELD)
        return 0;
    if (*p == ':') {
        top->kind = NEST_SPEC;
        finish(lx, t, T_FCOLON, p + 1);
        return 1;
    }
    if (*p == '!' && p[1] != '=') {
        finish(lx, t, T_FBANG, p + 1);
        return 1;
    }
    if (*p == '=' && p[1] != '=') {
        finish(lx, t, T_EQUAL, p + 1);
        return 1;
    }
    return 0;
}

static void lex_less_greater(struct py_lexer *lx, struct py_token *t, const char *p)
{
    if (p[1] == *p)
        binary(lx, t, *p == '<' ? T_LSHIFT : T_RSHIFT, *p == '<' ? PY_OP_LSHIFT : PY_OP_RSHIFT, p + 2);
    else
        finish(lx, t, T_COMPARE, p + 1 + (p[1] == '=' || (*p == '<' && p[1] == '>')));
}

static void lex_punctuation(struct py_lexer *lx, struct py_token *t, const char *p)
{
    switch (*p) {
    case '.':
        if (p[1] == '.' && p[2] == '.')
            finish(lx, t, T_ELLIPSIS, p + 3);
        else
            finish(lx, t, T_DOT, p + 1);
        return;
    case ':':
        finish(lx, t, p[1] == '=' ? T_WALRUS : T_COLON, p + 1 + (p[1] == '='));
        return;
    case '=':
        finish(lx, t, p[1] == '=' ? T_COMPARE : T_EQUAL, p + 1 + (p[1] == '='));
        return;
    case '!':
        if (p[1] == '=')
            finish(lx, t, T_COMPARE, p + 2);
        else
            fail(lx, t, PY_E_SYNTAX, "'!' does not stand alone");
        return;
    default:
        fail(lx, t, PY_E_SYNTAX, "character that Python does not know");
        return;
    }
}

static void lex_operator(struct py_lexer *lx, struct py_token *t)
{
    const char *p = lx->at.p;

    switch (*p) {
    case '(':
        open_bracket(lx, t, T_LPAR, ')');
        return;
    case '[':
        open_bracket(lx, t, T_LSQB, ']');
        return;
    case '{':
        open_bracket(lx, t, T_LBRACE, '}');
        return;
    case ')':
        close_bracket(lx, t, T_RPAR, ')');
        return;
    case ']':
        close_bracket(lx, t, T_RSQB, ']');
        return;
    case '}':
        close_bracket(lx, t, T_RBRACE, '}');
        return;
    case ',':
        finish(lx, t, T_COMMA, p + 1);
        return;
    case ';':
        finish(lx, t, T_SEMI, p + 1);
        return;
    case '`':
        finish(lx, t, T_BACKQUOTE, p + 1);
        return;
    case '~':
        finish(lx, t, T_TILDE, p + 1);
        return;
    case '+':
        binary(lx, t, T_PLUS, '+', p + 1);
        return;
    case '-':
        if (p[1] == '>')
            finish(lx, t, T_ARROW, p + 2);
        else
            binary(lx, t, T_MINUS, '-', p + 1);
        return;
    case '*':
        if (p[1] == '*')
            binary(lx, t, T_POW, PY_OP_POW, p + 2);
        else
            binary(lx, t, T_STAR, '*', p + 1);
        return;
    case '/':
        if (p[1] == '/')
            binary(lx, t, T_FLOORDIV, PY_OP_FLOORDIV, p + 2);
        else
            binary(lx, t, T_SLASH, '/', p + 1);
        return;
    case '%':
        binary(lx, t, T_PERCENT, '%', p + 1);
        return;
    case '|':
        binary(lx, t, T_PIPE, '|', p + 1);
        return;
    case '&':
        binary(lx, t, T_AMPER, '&', p + 1);
        return;
    case '^':
        binary(lx, t, T_CARET, '^', p + 1);
        return;
    case '@':
        binary(lx, t, T_AT, '@', p + 1);
        return;
    case '<':
    case '>':
        lex_less_greater(lx, t, p);
        return;
    default:
        if (!field_mark(lx, t))
            lex_punctuation(lx, t, p);
        return;
    }
}

/* --- one token ------------------------------------------------------------------------------------------ */

/* White space, comments, joined lines. Stops at a token, at a newline that ends a logical line, or at the
 * end. */
static void skip_blank(struct py_lexer *lx)
{
    const char *p = lx->at.p;

    for (;;) {
        if (*p == ' ' || *p == '\t' || *p == '\f') {
            p++;
        } else if (*p == '#') {
            const char *nl = memchr(p, '\n', (size_t)(lx->end - p));
            p = nl != NULL ? nl : lx->end;
        } else if ((*p == '\\' && p[1] == '\n') || (*p == '\n' && lx->at.depth != 0)) {
            p += 1 + (*p == '\\');
            count_line(lx, p);
        } else {
            break;
        }
    }
    lx->at.p = p;
}

void py_lex_next(struct py_lexer *lx, struct py_token *t)
{
    unsigned char c;

    if (lx->at.depth != 0) {
        const uint8_t kind = lx->nest[lx->at.depth - 1].kind;
        if (kind == NEST_LITERAL || kind == NEST_SPEC) {
            if (lx->at.p < lx->end)
                lex_fstring(lx, t);
            else
                end_of_file(lx, t);
            return;
        }
    } else if (lx->at.at_bol && line_start(lx, t)) {
        return;
    }
    if (lx->at.dedents != 0) {
        lx->at.dedents--;
        begin(lx, t);
        t->type = T_DEDENT;
        return;
    }
    skip_blank(lx);
    begin(lx, t);
    c = (unsigned char)*lx->at.p;
    if (py_chars[c] & CH_NAME) {
        lx->at.newline_due = 1;
        lex_name(lx, t);
    } else if (c == '\n') {
        finish(lx, t, T_NEWLINE, lx->at.p + 1);
        count_line(lx, lx->at.p);
        lx->at.at_bol = 1;
        lx->at.newline_due = 0;
    } else if (lx->at.p == lx->end) {
        end_of_file(lx, t);
    } else {
        lx->at.newline_due = 1;
        if ((py_chars[c] & CH_DIGIT) || (c == '.' && (py_chars[(unsigned char)lx->at.p[1]] & CH_DIGIT)))
            lex_number(lx, t);
        else if (c == '"' || c == '\'')
            lex_string(lx, t, lx->at.p, 0);
        else
            lex_operator(lx, t);
    }
}
