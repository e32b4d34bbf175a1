/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Length of the valid UTF-8 character at `p` (RFC 3629), or 0. */
static size_t utf8_length(const unsigned char *p, size_t left, uint32_t *point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xf0 && p[0] < 0xf8 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc0 ? 2 : 0;
    if (n == 0 || n > left || p[0] >= 0xf8)
        return 0;
    uint32_t c = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *point = c;
    return n;
}

static bool harmful(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } table[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},   {0x200b, 0x200f},
        {0x2028, 0x202e}, {0x2060, 0x2069}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (c >= table[i].first && c <= table[i].last)
            return true;
    return false;
}

size_t hg_text_escape(const char *text, size_t size, bool terminal, char *out, size_t out_size)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t at = 0;
    for (size_t i = 0; i < size;) {
        uint32_t c = 0;
        size_t n = utf8_length(p + i, size - i, &c);
        bool plain = n != 0 && !(terminal && harmful(c));
        size_t bytes = n == 0 ? 1 : n;
        size_t need = plain ? bytes : 4 * bytes;
        if (at + need + 1 > out_size)
            break;
        for (size_t k = 0; k < bytes; k++) {
            if (plain)
                out[at++] = text[i + k];
            else
                at += (size_t)snprintf(out + at, 5, "\\x%02x", p[i + k]);
        }
        i += bytes;
    }
    if (out_size > 0)
        out[at] = '\0';
    return at;
}

bool hg_text_is_clean(const char *text, size_t size)
{
    const unsigned char *p = (const unsigned char *)text;
    for (size_t i = 0; i < size;) {
        uint32_t c = 0;
        size_t n = utf8_length(p + i, size - i, &c);
        if (n == 0 || harmful(c))
            return false;
        i += n;
    }
    return true;
}

size_t hg_text_shell_quote(const char *text, char *out, size_t out_size)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    size_t size = strlen(text), at = 0;
    bool quote = size == 0 || strspn(text, plain) != size;
    for (size_t i = 0; i <= size; i++) {
        if (at + 6 > out_size)
            return 0;
        if (quote && i == 0)
            out[at++] = '\'';
        if (i == size)
            break;
        if (text[i] == '\'') {
            memcpy(out + at, "'\\''", 4);
            at += 4;
        } else {
            out[at++] = text[i];
        }
    }
    if (quote)
        out[at++] = '\'';
    out[at] = '\0';
    return at;
}
