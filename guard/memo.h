/* SPDX-License-Identifier: Apache-2.0 */
/* Two small bounded tables of the running guard: findings of bytes that were scanned, and things said before.
 */
#ifndef HUBGUARD_GUARD_MEMO_H
#define HUBGUARD_GUARD_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HG_MEMO_SLOTS 1024
#define HG_MEMO_BYTES (4u << 20) /* of encoded findings, all entries together */
#define HG_SEEN_SLOTS 8192

struct hg_memo_entry {
    uint8_t sha256[32];
    uint32_t kind;
    uint32_t size;
    uint8_t *encoded; /* codec.h */
};

struct hg_memo {
    struct hg_memo_entry entries[HG_MEMO_SLOTS];
    size_t bytes;
};

/* The encoding for these bytes, owned by the memo until the next put, or NULL. */
const uint8_t *hg_memo_find(const struct hg_memo *memo, const uint8_t sha256[32], uint32_t kind,
                            size_t *size);
/* Keep a copy; forgets others when full. A failure to keep it is no failure. */
void hg_memo_put(struct hg_memo *memo, const uint8_t sha256[32], uint32_t kind, const uint8_t *encoded,
                 size_t size);
void hg_memo_clear(struct hg_memo *memo);

/* Set of hashes; forgets everything when it is three quarters full. */
struct hg_seen {
    uint64_t seed; /* random, so that nobody can choose paths that collide */
    size_t count;
    uint64_t slots[HG_SEEN_SLOTS];
};

uint64_t hg_seen_hash(uint64_t hash, const void *bytes, size_t size); /* start with seen->seed */
/* Add; true when it was there already. */
bool hg_seen_before(struct hg_seen *seen, uint64_t hash);

#endif
