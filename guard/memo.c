/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/memo.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 4

static size_t first_slot(const uint8_t sha256[32])
{
    uint32_t h;
    memcpy(&h, sha256, sizeof h);
    return h % (HG_MEMO_SLOTS / WAYS) * WAYS;
}

const uint8_t *hg_memo_find(const struct hg_memo *memo, const uint8_t sha256[32], uint32_t kind, size_t *size)
{
    const struct hg_memo_entry *e = &memo->entries[first_slot(sha256)];
    for (size_t i = 0; i < WAYS; i++) {
        if (e[i].encoded != NULL && e[i].kind == kind && memcmp(e[i].sha256, sha256, 32) == 0) {
            *size = e[i].size;
            return e[i].encoded;
        }
    }
    return NULL;
}

static void forget(struct hg_memo *memo, struct hg_memo_entry *e)
{
    memo->bytes -= e->encoded == NULL ? 0 : e->size;
    free(e->encoded);
    memset(e, 0, sizeof *e);
}

void hg_memo_put(struct hg_memo *memo, const uint8_t sha256[32], uint32_t kind, const uint8_t *encoded,
                 size_t size)
{
    size_t known;
    if (hg_memo_find(memo, sha256, kind, &known) != NULL)
        return;
    if (memo->bytes + size > HG_MEMO_BYTES)
        hg_memo_clear(memo);
    uint8_t *copy = malloc(size);
    if (copy == NULL)
        return;
    memcpy(copy, encoded, size);
    /* Newest first; the last way falls out. */
    struct hg_memo_entry *set = &memo->entries[first_slot(sha256)];
    forget(memo, &set[WAYS - 1]);
    memmove(set + 1, set, (WAYS - 1) * sizeof *set);
    *set = (struct hg_memo_entry){.kind = kind, .size = (uint32_t)size, .encoded = copy};
    memcpy(set->sha256, sha256, 32);
    memo->bytes += size;
}

void hg_memo_clear(struct hg_memo *memo)
{
    for (size_t i = 0; i < HG_MEMO_SLOTS; i++)
        forget(memo, &memo->entries[i]);
}

uint64_t hg_seen_hash(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *p = bytes;
    hash ^= size;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ p[i]) * 0x100000001b3u; /* FNV-1a */
    return hash;
}

bool hg_seen_before(struct hg_seen *seen, uint64_t hash)
{
    hash = hash == 0 ? 1 : hash;
    size_t at = (hash ^ hash >> 32) % HG_SEEN_SLOTS;
    while (seen->slots[at] != 0 && seen->slots[at] != hash)
        at = (at + 1) % HG_SEEN_SLOTS;
    if (seen->slots[at] == hash)
        return true;
    if (seen->count >= HG_SEEN_SLOTS / 4 * 3) {
        memset(seen->slots, 0, sizeof seen->slots);
        seen->count = 0;
        at = (hash ^ hash >> 32) % HG_SEEN_SLOTS;
    }
    seen->slots[at] = hash;
    seen->count++;
    return false;
}
