/* SPDX-License-Identifier: Apache-2.0 */
/* Foreign bytes as one line of ASCII, for messages and evidence. */
#ifndef HUBGUARD_SCANNER_PRINTABLE_H
#define HUBGUARD_SCANNER_PRINTABLE_H

#include <stddef.h>

/* Copy bytes to `out` with everything but printable ASCII written as \n, \r, \t or \xNN. Cut, with "..." at
 * the end, when it does not fit; always NUL-terminated (out_size >= 8). Returns the length written. */
size_t hg_printable(const void *bytes, size_t size, char *out, size_t out_size);

#endif
