/* SPDX-License-Identifier: Apache-2.0 */
#include "scanner/error.h"

#include <stdarg.h>
#include <stdio.h>

int hg_error_set(struct hg_error *err, int code, const char *fmt, ...)
{
    if (err != NULL) {
        va_list ap;
        va_start(ap, fmt);
        (void)vsnprintf(err->text, sizeof err->text, fmt, ap);
        va_end(ap);
    }
    return code;
}
