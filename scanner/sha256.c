/* SPDX-License-Identifier: Apache-2.0 */
#define OPENSSL_SUPPRESS_DEPRECATED /* the calls below EVP; libcrypto 3 still has them, as fast as ever */
#include "scanner/sha256.h"

#include <openssl/sha.h>
#include <stdlib.h>

struct hg_sha256 {
    SHA256_CTX context;
};

struct hg_sha256 *hg_sha256_new(void)
{
    struct hg_sha256 *sum = malloc(sizeof *sum);
    if (sum != NULL)
        (void)SHA256_Init(&sum->context); /* these cannot fail */
    return sum;
}

void hg_sha256_add(struct hg_sha256 *sum, const void *bytes, size_t size)
{
    (void)SHA256_Update(&sum->context, bytes, size);
}

void hg_sha256_end(struct hg_sha256 *sum, char *out)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[SHA256_DIGEST_LENGTH];
    if (sum != NULL && out != NULL) {
        (void)SHA256_Final(digest, &sum->context);
        for (size_t i = 0; i < sizeof digest; i++) {
            *out++ = hex[digest[i] >> 4];
            *out++ = hex[digest[i] & 15];
        }
        *out = '\0';
    }
    free(sum);
}
