/* SPDX-License-Identifier: Apache-2.0 */
/* Strings and f-strings. */
#include "scanner/py_lex_impl.h"

int py_lex_prefix(const char *p, uint32_t n)
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

void py_lex_string(struct py_lexer *lx, struct py_token *t, const char *p, int flags)
{
    const char quote = *p;

    p++;
    if (p[0] == quote && p[1] == quote) {
        flags |= PY_TF_TRIPLE;
        p += 2;
    }
    t->flags = (uint8_t)flags;
    if (flags & PY_TF_FORMAT) {
        if (py_lex_push(lx, t, NEST_LITERAL, (uint8_t)quote, t->flags) == 0)
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
                py_lex_fail(lx, t, PY_E_SYNTAX, "unterminated string");
                return;
            }
            count_line(lx, p + 1);
        } else if (p == lx->end) {
            lx->at.p = p;
            py_lex_fail(lx, t, PY_E_SYNTAX, "unterminated string");
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
        if (py_lex_push(lx, t, NEST_FIELD, top->quote, top->flags) == 0)
            finish(lx, t, T_FOPEN, p + 1);
    } else if (*p == '}' && top->kind == NEST_SPEC) {
        lx->at.depth--; /* a specification ends together with its field, which it took the place of */
        finish(lx, t, T_FCLOSE, p + 1);
    } else if (*p == (char)top->quote && top->kind == NEST_LITERAL) {
        lx->at.depth--;
        finish(lx, t, T_FEND, p + (top->flags & PY_TF_TRIPLE ? 3 : 1));
    } else {
        lx->at.p = p;
        py_lex_fail(lx, t, PY_E_SYNTAX, *p == '}' ? "single '}' in an f-string" : "unterminated f-string");
    }
}

void py_lex_fstring(struct py_lexer *lx, struct py_token *t)
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
