/* SPDX-License-Identifier: Apache-2.0 */
/* From the bytes of a file to the text that Python's tokenizer would read. The cookie is found exactly where
 * CPython finds it (its get_coding_spec), so that no other text than the one that runs is looked at. */
#include "scanner/py_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/codec_table.h"
#include "scanner/py_ast.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

struct text {
    char *data;
    size_t len;
};

static uint32_t line_of(const char *text, size_t at)
{
    uint32_t line = 1;

    for (size_t i = 0; i < at; i++)
        line += text[i] == '\n';
    return line;
}

static int fail(struct py_error *err, enum py_error_code code, uint32_t line, const char *what,
                const char *name)
{
    *err = (struct py_error){.code = code, .line = line};
    snprintf(err->text, sizeof err->text, "%s%s", what, name);
    return -1;
}

/* --- line ends --------------------------------------------------------------------------------------------
 */

/* A copy with \r\n and \r made \n. */
static int normalise_newlines(const char *bytes, size_t size, struct text *out)
{
    char *o = malloc(size + 1);

    out->data = o;
    if (o == NULL)
        return -1;
    for (size_t i = 0; i < size;) {
        const char *cr = memchr(bytes + i, '\r', size - i);
        const size_t plain = cr != NULL ? (size_t)(cr - bytes) - i : size - i;

        memcpy(o, bytes + i, plain);
        o += plain;
        i += plain;
        if (cr != NULL) {
            *o++ = '\n';
            i += i + 1 < size && bytes[i + 1] == '\n' ? 2 : 1;
        }
    }
    *o = 0;
    out->len = (size_t)(o - out->data);
    return 0;
}

/* --- the cookie -------------------------------------------------------------------------------------------
 */

struct cookie {
    const char *name;
    size_t len;
};

static int blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f';
}

static int name_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
}

/* The cookie of one line. `end` is readable (the line's newline, or NUL). */
static int cookie_in_line(const char *line, const char *end, struct cookie *found)
{
    const char *s = line;

    while (s < end && blank(*s))
        s++;
    if (s == end || *s != '#')
        return 0;
    for (; end - s > 6; s++) {
        const char *t;

        if (memcmp(s, "coding", 6) != 0 || (s[6] != ':' && s[6] != '='))
            continue;
        for (t = s + 7; t < end && (*t == ' ' || *t == '\t'); t++)
            ;
        found->name = t;
        while (t < end && name_char(*t))
            t++;
        found->len = (size_t)(t - found->name);
        if (found->len != 0)
            return 1;
    }
    return 0;
}

/* The second line counts only if the first holds nothing but a comment. */
static int find_cookie(const char *text, size_t len, struct cookie *found, uint32_t *line_no)
{
    const char *end = text + len, *line = text;

    for (*line_no = 1; *line_no <= 2 && line < end; ++*line_no) {
        const char *nl = memchr(line, '\n', (size_t)(end - line));
        const char *stop = nl != NULL ? nl : end;

        if (cookie_in_line(line, stop, found))
            return 1;
        while (line < stop && blank(*line))
            line++;
        if (line < stop && *line != '#')
            return 0;
        line = stop + 1;
    }
    return 0;
}

/* --- codecs -----------------------------------------------------------------------------------------------
 */

enum { NAME_ROOM = 64 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* The tokenizer's own shortcut: "utf-8" or "latin-1", or that and a dash and anything (Emacs's utf-8-unix).
 */
static const char *tokenizer_name(const char *name)
{
    static const char *const latin1[] = {"latin-1", "iso-8859-1", "iso-latin-1"};
    char head[13] = {0};

    for (size_t i = 0; i < 12 && name[i]; i++)
        head[i] = name[i] == '_' ? '-' : lower(name[i]);
    if (strcmp(head, "utf-8") == 0 || strncmp(head, "utf-8-", 6) == 0)
        return "utf-8";
    for (size_t i = 0; i < COUNT(latin1); i++) {
        const size_t n = strlen(latin1[i]);
        if (strncmp(head, latin1[i], n) == 0 && (head[n] == 0 || head[n] == '-'))
            return "iso-8859-1";
    }
    return name;
}

static int by_name(const void *key, const void *row)
{
    return strcmp(key, ((const struct codec *)row)->name);
}

/* As encodings.normalize_encoding does: lower case, runs of anything else one underscore, none in front. */
static const struct codec *find_codec(const char *name)
{
    char norm[NAME_ROOM];
    size_t n = 0;
    int gap = 0;

    for (; *name && n + 2 < sizeof norm; name++) {
        const char c = lower(*name);
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            if (gap && n != 0)
                norm[n++] = '_';
            norm[n++] = c;
            gap = 0;
        } else {
            gap = 1;
        }
    }
    norm[n] = 0;
    return *name ? NULL : bsearch(norm, codecs, COUNT(codecs), sizeof *codecs, by_name);
}

/* Length of the valid UTF-8 character at s, 0 if there is none. Surrogates are not valid, as in Python. */
static size_t utf8_char(const unsigned char *s, size_t left)
{
    const unsigned char c = s[0];

    if (c < 0xC2 || c > 0xF4)
        return 0;
    if (c < 0xE0)
        return left > 1 && (s[1] & 0xC0) == 0x80 ? 2 : 0;
    if (c < 0xF0)
        return left > 2 && (s[1] & 0xC0) == 0x80 && (s[2] & 0xC0) == 0x80 && !(c == 0xE0 && s[1] < 0xA0) &&
                       !(c == 0xED && s[1] > 0x9F)
                   ? 3
                   : 0;
    return left > 3 && (s[1] & 0xC0) == 0x80 && (s[2] & 0xC0) == 0x80 && (s[3] & 0xC0) == 0x80 &&
                   !(c == 0xF0 && s[1] < 0x90) && !(c == 0xF4 && s[1] > 0x8F)
               ? 4
               : 0;
}

/* Offset of the first byte that is not valid, or len. */
static size_t first_invalid(const struct text *t, int ascii)
{
    const unsigned char *s = (const unsigned char *)t->data;
    size_t i = 0;

    while (i < t->len) {
        uint64_t eight;
        size_t n;

        if (t->len - i >= 8) {
            memcpy(&eight, s + i, 8);
            if ((eight & 0x8080808080808080U) == 0) {
                i += 8;
                continue;
            }
        }
        n = s[i] < 0x80 ? 1 : ascii ? 0 : utf8_char(s + i, t->len - i);
        if (n == 0)
            return i;
        i += n;
    }
    return i;
}

static int check_utf8(struct text *t, int ascii, struct py_error *err)
{
    const size_t bad = first_invalid(t, ascii);

    if (bad == t->len)
        return 0;
    return fail(err, PY_E_ENCODING, line_of(t->data, bad), ascii ? "byte that is not ASCII" : "invalid UTF-8",
                "");
}

static int from_table(struct text *t, const uint16_t *table, struct py_error *err)
{
    char *out = malloc(t->len * 3 + 1), *o = out;

    if (out == NULL)
        return fail(err, PY_E_NOMEM, 0, "out of memory", "");
    for (size_t i = 0; i < t->len; i++) {
        const unsigned char b = (unsigned char)t->data[i];
        const uint32_t c = b < 0x80 ? b : table[b - 0x80];

        if (c < 0x80) {
            *o++ = (char)c;
        } else if (c < 0x800) {
            *o++ = (char)(0xC0 | c >> 6);
            *o++ = (char)(0x80 | (c & 0x3F));
        } else if (c != 0xFFFF) {
            *o++ = (char)(0xE0 | c >> 12);
            *o++ = (char)(0x80 | (c >> 6 & 0x3F));
            *o++ = (char)(0x80 | (c & 0x3F));
        } else {
            free(out);
            return fail(err, PY_E_ENCODING, line_of(t->data, i), "byte that its coding does not have", "");
        }
    }
    *o = 0;
    free(t->data);
    *t = (struct text){out, (size_t)(o - out)};
    return 0;
}

static int from_iconv(struct text *t, const char *charset, struct py_error *err)
{
    const size_t room = t->len * 4 + 16; /* one byte in is at most four out */
    char *in = t->data, *out = malloc(room), *o = out;
    size_t in_left = t->len, out_left = room - 1;
    iconv_t cd = out != NULL ? iconv_open("UTF-8", charset) : (iconv_t)-1;
    int rc = 0;

    if (out == NULL)
        return fail(err, PY_E_NOMEM, 0, "out of memory", "");
    if (cd == (iconv_t)-1) {
        free(out);
        return fail(err, PY_E_ENCODING, 0, "this system has no converter for ", charset);
    }
    if (iconv(cd, &in, &in_left, &o, &out_left) == (size_t)-1 ||
        iconv(cd, NULL, NULL, &o, &out_left) == (size_t)-1)
        rc = fail(err, PY_E_ENCODING, line_of(t->data, t->len - in_left), "bytes that are not valid in ",
                  charset);
    iconv_close(cd);
    if (rc != 0) {
        free(out);
        return -1;
    }
    *o = 0;
    free(t->data);
    *t = (struct text){out, (size_t)(o - out)};
    return 0;
}

static int decode_as(struct text *t, const char *name, uint32_t line, struct py_error *err)
{
    const struct codec *c = find_codec(tokenizer_name(name));

    if (c == NULL)
        return fail(err, PY_E_ENCODING, line, "unknown coding ", name);
    switch (c->kind) {
    case CODEC_UTF8:
        return check_utf8(t, 0, err);
    case CODEC_ASCII:
        return check_utf8(t, 1, err);
    case CODEC_TABLE:
        return from_table(t, codec_tables[c->index], err);
    case CODEC_ICONV:
        return from_iconv(t, codec_charsets[c->index], err);
    default:
        return fail(err, PY_E_CODEC, line, "coding that no source needs: ", name);
    }
}

/* --- the whole --------------------------------------------------------------------------------------------
 */

static int decode_cookie(struct text *t, int bom, struct py_error *err)
{
    struct cookie cookie;
    uint32_t line;
    char name[NAME_ROOM];

    if (!find_cookie(t->data, t->len, &cookie, &line))
        return check_utf8(t, 0, err);
    if (cookie.len >= sizeof name)
        return fail(err, PY_E_ENCODING, line, "unknown coding", "");
    memcpy(name, cookie.name, cookie.len);
    name[cookie.len] = 0;
    if (bom && strcmp(tokenizer_name(name), "utf-8") != 0) {
        const struct codec *c = find_codec(name);
        return fail(err, c != NULL && c->kind == CODEC_REFUSED ? PY_E_CODEC : PY_E_ENCODING, line,
                    "a byte order mark of UTF-8, and the coding ", name);
    }
    return decode_as(t, name, line, err);
}

int py_source_decode(const uint8_t *bytes, size_t size, int raw_utf8, char **text, size_t *size_out,
                     struct py_error *err)
{
    const char *s = (const char *)bytes;
    const int bom = size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0;
    const char *nul = size != 0 ? memchr(s, 0, size) : NULL;
    struct text t;

    *text = NULL;
    *size_out = 0;
    if (nul != NULL)
        return fail(err, PY_E_NUL, line_of(s, (size_t)(nul - s)), "NUL byte in source", "");
    if (normalise_newlines(s + (bom ? 3 : 0), size - (bom ? 3 : 0), &t) != 0)
        return fail(err, PY_E_NOMEM, 0, "out of memory", "");
    if ((raw_utf8 ? check_utf8(&t, 0, err) : decode_cookie(&t, bom, err)) != 0) {
        free(t.data);
        return -1;
    }
    *text = t.data;
    *size_out = t.len;
    return 0;
}

void py_codecs_hold(struct py_codecs *c)
{
    c->n = 0;
    for (size_t i = 0; i < COUNT(codec_charsets) && c->n < COUNT(c->held); i++) {
        const iconv_t cd = iconv_open("UTF-8", codec_charsets[i]);
        if (cd != (iconv_t)-1)
            c->held[c->n++] = cd;
    }
}

void py_codecs_release(struct py_codecs *c)
{
    while (c->n > 0)
        iconv_close(c->held[--c->n]);
}
