/* SPDX-License-Identifier: Apache-2.0 */
/* Findings of bytes that were scanned before: first in memory, then in the verdict cache, which is opened at
 * the first question and dropped at the first fault. */
#ifndef HUBGUARD_GUARD_LOOKUP_H
#define HUBGUARD_GUARD_LOOKUP_H

#include "guard/cache.h"
#include "guard/codec.h"

struct hg_lookup;

/* The arguments are borrowed but for `ruleset`. 0, or -ENOMEM with *err. */
int hg_lookup_open(const char *ruleset, const char *cwd, const struct hg_roots *roots,
                   const struct hg_policy *policy, struct hg_lookup **out, struct hg_error *err);
void hg_lookup_close(struct hg_lookup *lookup);
/* 1 found (*encoded malloc'd, decodes), 0 not; -errno with *err: not found, and the user is to be told
 * (once). */
int hg_lookup_find(struct hg_lookup *lookup, const uint8_t sha256[32], uint32_t kind, uint8_t **encoded,
                   size_t *size, struct hg_error *err);
/* 0, or -errno with *err as above. */
int hg_lookup_store(struct hg_lookup *lookup, const uint8_t sha256[32], uint32_t kind, const uint8_t *encoded,
                    size_t size, struct hg_error *err);
/* In words, for the report. */
const char *hg_lookup_state(const struct hg_lookup *lookup);

#endif
