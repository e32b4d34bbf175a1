/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash-1-3 (https://www.aumasson.jp/siphash/) under a key of this process. The shim remembers names by
 * their hash alone; names come from a repository, and no two of them may be made to meet. */
#include "shim/shim.h"

#include <string.h>
#include <sys/auxv.h>

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void mix(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static void absorb(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    mix(v);
    v[0] ^= word;
}

uint64_t hg_hash(const char *text, size_t size, const uint64_t *more, size_t count)
{
    uint64_t key[2], word;
    memcpy(key, (const void *)getauxval(AT_RANDOM), sizeof key); /* the kernel's random bytes, getauxval(3) */
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du, key[0] ^ 0x6c7967656e657261u,
                     key[1] ^ 0x7465646279746573u};
    for (size_t i = 0; i < count; i++)
        absorb(v, more[i]);
    size_t left = size;
    for (; left >= sizeof word; left -= sizeof word, text += sizeof word) {
        memcpy(&word, text, sizeof word);
        absorb(v, word);
    }
    word = 0;
    memcpy(&word, text, left);
    absorb(v, word | (uint64_t)size << 56);
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        mix(v);
    uint64_t h = v[0] ^ v[1] ^ v[2] ^ v[3];
    return h == 0 ? 1 : h;
}
