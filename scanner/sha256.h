/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 for commands that must start fast: libcrypto's EVP interface first fetches its algorithms, which
 * takes longer than loading all rules does. */
#ifndef HUBGUARD_SCANNER_SHA256_H
#define HUBGUARD_SCANNER_SHA256_H

#include <stddef.h>

struct hg_sha256; /* opaque */

struct hg_sha256 *hg_sha256_new(void); /* NULL without memory */
void hg_sha256_add(struct hg_sha256 *sum, const void *bytes, size_t size);
/* The sum of what was added, as 64 lower-case hex digits and a NUL; frees it. `out` NULL: only frees. */
void hg_sha256_end(struct hg_sha256 *sum, char *out);

#endif
