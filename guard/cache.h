/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict cache: findings of bytes that were scanned before, in SQLite. It only saves time: whatever is
 * wrong with it, the guard works without. */
#ifndef HUBGUARD_GUARD_CACHE_H
#define HUBGUARD_GUARD_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"
#include "scanner/error.h"
#include "shim/roots.h"

#define HG_CACHE_ENTRIES 20000 /* older ones are pruned */

struct hg_cache;

/* $XDG_CACHE_HOME/hubguard, default ~/.cache/hubguard. 0, -ENOENT without a home, -ENAMETOOLONG. */
int hg_cache_directory(char *out, size_t size);

/* Whether findings kept in `dir` can be believed: it and what it lies in belong to us or root and nobody else
 * may write there, and the policy lets no remote code write there: not under a guarded root, the working
 * directory `cwd` of the run (unless that is the home or the root directory), the temporary directories, or a
 * [fs] write path. Creates the directory when it is missing. `real` (PATH_MAX) gets its resolved path. 0, or
 * -errno with *err. */
int hg_cache_check(const char *dir, const char *cwd, const struct hg_roots *roots,
                   const struct hg_policy *policy, char *real, struct hg_error *err);

/* Open verdicts.db in a directory that was checked. 0, or -errno with *err. */
int hg_cache_open(const char *dir, const char *ruleset, struct hg_cache **out, struct hg_error *err);
void hg_cache_close(struct hg_cache *cache);

/* Encoded findings (codec.h, not checked yet) for these bytes; *encoded is malloc'd, the caller frees it. 1
 * found, 0 not there, -errno with *err: the cache is of no use any more and is to be closed. Waits 20 ms at
 * most. */
int hg_cache_find(struct hg_cache *cache, const uint8_t sha256[32], uint32_t kind, uint8_t **encoded,
                  size_t *size, struct hg_error *err);
/* Keep them. A cache that another process is writing to is 0 as well. */
int hg_cache_store(struct hg_cache *cache, const uint8_t sha256[32], uint32_t kind, const uint8_t *encoded,
                   size_t size, struct hg_error *err);

#endif
