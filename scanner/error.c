/* SPDX-License-Identifier: Apache-2.0 */
#include "scanner/error.h"

#include <stdarg.h>
#include <stdio.h>

/* File names and values that end up in a message can be an attacker's: no line breaks, no terminal escapes.
 * C1 controls come in UTF-8 as 0xc2 and a byte below 0xa0. */
static void make_one_line(char *text)
{
    for (unsigned char *s = (unsigned char *)text; *s != '\0'; s++) {
        if (*s < ' ' || *s == 0x7f)
            *s = '?';
        else if (s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0)
            s[0] = s[1] = '?';
    }
}

int hg_error_set(struct hg_error *err, int code, const char *fmt, ...)
{
    if (err != NULL) {
        va_list ap;
        va_start(ap, fmt);
        (void)vsnprintf(err->text, sizeof err->text, fmt, ap);
        va_end(ap);
        make_one_line(err->text);
    }
    return code;
}
