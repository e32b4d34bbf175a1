/* SPDX-License-Identifier: Apache-2.0 */
#include "scanner/printable.h"

#include <stdio.h>
#include <string.h>

size_t hg_printable(const void *bytes, size_t size, char *out, size_t out_size)
{
    const unsigned char *b = bytes;
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        char one[5] = {(char)b[i], '\0'};
        if (b[i] == '\n' || b[i] == '\r' || b[i] == '\t')
            (void)snprintf(one, sizeof one, "\\%c", b[i] == '\n' ? 'n' : b[i] == '\r' ? 'r' : 't');
        else if (b[i] < 0x20 || b[i] > 0x7e)
            (void)snprintf(one, sizeof one, "\\x%02x", b[i]);
        size_t len = strlen(one);
        /* Room for "..." and the NUL is kept until the last byte has been written. */
        if (n + len + (i + 1 < size ? 4 : 1) > out_size) {
            memcpy(out + n, "...", 4);
            return n + 3;
        }
        memcpy(out + n, one, len);
        n += len;
    }
    out[n] = '\0';
    return n;
}
