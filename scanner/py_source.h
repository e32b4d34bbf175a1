/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding of source text; py_source_decode() itself is declared in py_ast.h. */
#ifndef HUBGUARD_SCANNER_PY_SOURCE_H
#define HUBGUARD_SCANNER_PY_SOURCE_H

#include <iconv.h>

/* The converters for the East Asian codecs are libraries that iconv loads when they are first asked for. A
 * process that is about to lose the right to open files keeps them loaded with this. */
struct py_codecs {
    iconv_t held[16];
    unsigned n;
};
/* Opens every converter that this system has; a missing one is left out, and sources in it are then refused.
 */
void py_codecs_hold(struct py_codecs *c);
void py_codecs_release(struct py_codecs *c);

#endif
