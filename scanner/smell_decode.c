/* SPDX-License-Identifier: Apache-2.0 */
/* Decoders for layers in which code hides. Each stops at `max`: a bomb is an error, not memory. */
#include <bzlib.h>
#include <ctype.h>
#include <errno.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "scanner/smell_impl.h"

#define LZMA_MEMORY ((uint64_t)64 << 20)

static const char *const codec_names[SM_C_COUNT] = {"",       "base64",  "base64", "base32", "hex",
                                                    "base85", "ascii85", "zlib",   "gzip",   "bz2",
                                                    "lzma",   "rot13",   "marshal"};
static const struct {
    const char *name;
    enum sm_codec codec;
} aliases[] = {{"base64", SM_C_BASE64}, {"base-64", SM_C_BASE64},  {"base64_codec", SM_C_BASE64},
               {"hex", SM_C_HEX},       {"hex_codec", SM_C_HEX},   {"zlib", SM_C_ZLIB},
               {"zip", SM_C_ZLIB},      {"zlib_codec", SM_C_ZLIB}, {"bz2", SM_C_BZ2},
               {"bz2_codec", SM_C_BZ2}, {"rot13", SM_C_ROT13},     {"rot_13", SM_C_ROT13},
               {"rot-13", SM_C_ROT13}};

const char *sm_codec_name(enum sm_codec codec)
{
    return codec_names[codec];
}

enum sm_codec sm_codec_find(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        if (strlen(aliases[i].name) == len && strncasecmp(aliases[i].name, name, len) == 0)
            return aliases[i].codec;
    }
    return (enum sm_codec)0;
}

/* base64, base32 and base16 are one thing: `bits` a character. Characters outside the alphabet are skipped,
 * as b64decode does by default. */
static int decode_bits(const char *alphabet, unsigned bits, bool fold, const uint8_t *in, size_t size,
                       uint8_t *out, size_t *out_size)
{
    int8_t value[256];
    memset(value, -1, sizeof value);
    for (int i = 0; alphabet[i] != '\0'; i++) {
        value[(uint8_t)alphabet[i]] = (int8_t)i;
        if (fold)
            value[tolower(alphabet[i])] = (int8_t)i;
    }
    uint32_t word = 0;
    unsigned have = 0;
    size_t n = 0, used = 0;
    for (size_t i = 0; i < size && in[i] != '='; i++) {
        if (value[in[i]] < 0)
            continue;
        used++;
        word = (word << bits) | (uint8_t)value[in[i]];
        have += bits;
        if (have >= 8) {
            have -= 8;
            out[n++] = (uint8_t)(word >> have);
        }
    }
    *out_size = n;
    return used == 0 && size > 0 ? -EINVAL : 0;
}

static int decode_85(const uint8_t *in, size_t size, bool ascii, uint8_t *out, size_t *out_size)
{
    static const char alphabet[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
    int8_t value[256];
    memset(value, -1, sizeof value);
    for (int i = 0; i < 85; i++)
        value[ascii ? (uint8_t)('!' + i) : (uint8_t)alphabet[i]] = (int8_t)i;
    uint64_t word = 0;
    unsigned have = 0;
    size_t n = 0, i = 0;
    if (ascii && size >= 2 && memcmp(in, "<~", 2) == 0)
        i = 2;
    for (; i < size && !(ascii && in[i] == '~'); i++) {
        if (ascii && (isspace(in[i]) || (in[i] == 'z' && have == 0))) {
            if (in[i] == 'z') {
                memset(out + n, 0, 4);
                n += 4;
            }
            continue;
        }
        if (value[in[i]] < 0)
            return -EINVAL;
        word = word * 85 + (uint64_t)value[in[i]];
        if (++have == 5) {
            for (int k = 3; k >= 0; k--)
                out[n++] = (uint8_t)(word >> (8 * k));
            word = have = 0;
        }
    }
    if (have > 1) {
        for (unsigned k = have; k < 5; k++)
            word = word * 85 + 84;
        for (unsigned k = 0; k < have - 1; k++)
            out[n++] = (uint8_t)(word >> (24 - 8 * k));
    }
    *out_size = n;
    return 0;
}

static void decode_rot13(const uint8_t *in, size_t size, uint8_t *out)
{
    for (size_t i = 0; i < size; i++) {
        int c = in[i];
        int base = c >= 'a' && c <= 'z' ? 'a' : c >= 'A' && c <= 'Z' ? 'A' : 0;
        out[i] = (uint8_t)(base == 0 ? c : (c - base + 13) % 26 + base);
    }
}

struct stream {
    const uint8_t *in;
    size_t size, max, made, room;
    uint8_t *out;
};

static int stream_room(struct stream *st)
{
    if (st->made < st->room)
        return 0;
    if (st->room > st->max)
        return -E2BIG;
    size_t room = st->room == 0 ? 4096 : st->room * 2;
    if (room > st->max + 1)
        room = st->max + 1;
    uint8_t *more = realloc(st->out, room);
    if (more == NULL)
        return -ENOMEM;
    st->out = more;
    st->room = room;
    return 0;
}

/* What was made before the data turned out to be damaged still counts: Python's decompressobj() would give
 * it. */
static int inflate_all(struct stream *st, int window)
{
    z_stream z = {.next_in = (uint8_t *)(uintptr_t)st->in, .avail_in = (uInt)st->size};
    if (inflateInit2(&z, window) != Z_OK)
        return -ENOMEM;
    int rc, code = Z_OK;
    while ((rc = stream_room(st)) == 0 && code == Z_OK) {
        z.next_out = st->out + st->made;
        z.avail_out = (uInt)(st->room - st->made);
        code = inflate(&z, Z_NO_FLUSH);
        st->made = st->room - z.avail_out;
    }
    inflateEnd(&z);
    if (rc != 0)
        return rc;
    return code == Z_STREAM_END || st->made > 0 ? 0 : -EINVAL;
}

static int bunzip_all(struct stream *st)
{
    bz_stream z = {.next_in = (char *)(uintptr_t)st->in, .avail_in = (unsigned)st->size};
    if (BZ2_bzDecompressInit(&z, 0, 1) != BZ_OK)
        return -ENOMEM;
    int rc, code = BZ_OK;
    while ((rc = stream_room(st)) == 0 && code == BZ_OK) {
        z.next_out = (char *)st->out + st->made;
        z.avail_out = (unsigned)(st->room - st->made);
        unsigned before_in = z.avail_in, before_out = z.avail_out;
        code = BZ2_bzDecompress(&z);
        st->made = st->room - z.avail_out;
        if (code == BZ_OK && z.avail_in == before_in && z.avail_out == before_out)
            break;
    }
    BZ2_bzDecompressEnd(&z);
    if (rc != 0)
        return rc;
    return code == BZ_STREAM_END || st->made > 0 ? 0 : -EINVAL;
}

static int unlzma_all(struct stream *st)
{
    lzma_stream z = LZMA_STREAM_INIT;
    if (lzma_auto_decoder(&z, LZMA_MEMORY, 0) != LZMA_OK)
        return -ENOMEM;
    z.next_in = st->in;
    z.avail_in = st->size;
    int rc;
    lzma_ret code = LZMA_OK;
    while ((rc = stream_room(st)) == 0 && code == LZMA_OK) {
        z.next_out = st->out + st->made;
        z.avail_out = st->room - st->made;
        code = lzma_code(&z, LZMA_RUN);
        st->made = st->room - z.avail_out;
    }
    lzma_end(&z);
    if (rc != 0)
        return rc;
    if (code == LZMA_MEMLIMIT_ERROR)
        return -E2BIG;
    return code == LZMA_STREAM_END || st->made > 0 ? 0 : -EINVAL;
}

static int decompress(enum sm_codec codec, const uint8_t *in, size_t size, size_t max, uint8_t **out,
                      size_t *out_size)
{
    struct stream st = {.in = in, .size = size, .max = max};
    int rc = -EINVAL;
    if (size > UINT32_MAX / 2)
        return -E2BIG;
    if (codec == SM_C_ZLIB || codec == SM_C_GZIP) {
        rc = inflate_all(&st, 15 + 32); /* zlib or gzip header */
        if (rc == -EINVAL) {
            st.made = 0;
            rc = inflate_all(&st, -15);
        }
    } else if (codec == SM_C_BZ2) {
        rc = bunzip_all(&st);
    } else if (codec == SM_C_LZMA) {
        rc = unlzma_all(&st);
    }
    if (rc == 0 && st.made > max)
        rc = -E2BIG;
    if (rc != 0) {
        free(st.out);
        return rc;
    }
    *out = st.out;
    *out_size = st.made;
    return 0;
}

int sm_decode(enum sm_codec codec, const uint8_t *in, size_t size, size_t max, uint8_t **out,
              size_t *out_size)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if (codec >= SM_C_ZLIB && codec <= SM_C_LZMA)
        return decompress(codec, in, size, max, out, out_size);
    if (size > max)
        return -E2BIG;
    uint8_t *to = malloc(size * 4 + 8); /* ascii85 has a letter for four zeros */
    if (to == NULL)
        return -ENOMEM;
    int rc = -EINVAL;
    *out_size = size;
    if (codec == SM_C_BASE64)
        rc = decode_bits(base64, 6, false, in, size, to, out_size);
    else if (codec == SM_C_BASE64URL)
        rc = decode_bits(base64url, 6, false, in, size, to, out_size);
    else if (codec == SM_C_BASE32)
        rc = decode_bits("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 5, true, in, size, to, out_size);
    else if (codec == SM_C_HEX)
        rc = decode_bits("0123456789ABCDEF", 4, true, in, size, to, out_size);
    else if (codec == SM_C_BASE85 || codec == SM_C_ASCII85)
        rc = decode_85(in, size, codec == SM_C_ASCII85, to, out_size);
    else if (codec == SM_C_ROT13)
        rc = (decode_rot13(in, size, to), 0);
    else if (codec == SM_C_MARSHAL)
        rc = (memcpy(to, in, size), 0);
    if (rc == 0 && *out_size > max)
        rc = -E2BIG;
    if (rc != 0) {
        free(to);
        return rc;
    }
    *out = to;
    return 0;
}
