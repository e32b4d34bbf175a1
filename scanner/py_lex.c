/* SPDX-License-Identifier: Apache-2.0 */
#include "scanner/py_lex.h"

#include <string.h>

#include "scanner/py_lex_impl.h"
#include "scanner/py_lex_tables.h"

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

void py_lex_fail(struct py_lexer *lx, struct py_token *t, enum py_error_code code, const char *message)
{
    lx->err = code;
    lx->message = message;
    t->type = T_ERROR;
}

int py_lex_push(struct py_lexer *lx, struct py_token *t, uint8_t kind, uint8_t quote, uint8_t flags)
{
    if (lx->at.depth >= PY_LEX_MAX_NEST) {
        py_lex_fail(lx, t, PY_E_DEPTH, "brackets nested too deeply");
        return -1;
    }
    lx->nest[lx->at.depth++] = (struct py_nest){kind, quote, flags};
    return 0;
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
            py_lex_fail(lx, t, PY_E_DEPTH, "indented too deeply");
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
        py_lex_fail(lx, t, PY_E_SYNTAX, "unindent does not match any outer indentation level");
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
        py_lex_fail(lx, t, PY_E_SYNTAX, "end of file inside brackets or a string");
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
        const int flags = py_lex_prefix(t->start, t->len);
        if (flags >= 0) {
            py_lex_string(lx, t, p, flags);
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
    if (py_lex_push(lx, t, closing, 0, 0) == 0)
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
        py_lex_fail(lx, t, PY_E_SYNTAX, "closing bracket that does not match");
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
            py_lex_fail(lx, t, PY_E_SYNTAX, "'!' does not stand alone");
        return;
    default:
        py_lex_fail(lx, t, PY_E_SYNTAX, "character that Python does not know");
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
                py_lex_fstring(lx, t);
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
            py_lex_string(lx, t, lx->at.p, 0);
        else
            lex_operator(lx, t);
    }
}
