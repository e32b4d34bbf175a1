/* SPDX-License-Identifier: Apache-2.0 */
/* Any address that a process can pass to the guard, as hexadecimal text or as bytes of its memory. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guard/sockaddr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int code, const struct hg_sockaddr *a)
{
    char text[HG_SOCKADDR_TEXT];
    if (code == 0 && (a->size > sizeof a->at || strlen(hg_sockaddr_text(a, text)) >= sizeof text))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hg_sockaddr a, again;
    char *hex = malloc(2 * size + 1);
    if (hex == NULL)
        return 0;
    memcpy(hex, data, size);
    hex[size] = '\0';
    check(hg_sockaddr_parse(hex, &a), &a);
    (void)hg_sockaddr_numeric(hex, 1, &a);
    int code = hg_sockaddr_take(data, size, &a);
    check(code, &a);
    hg_hex_write(data, size, hex);
    if (hg_sockaddr_parse(hex, &again) != code || (code == 0 && memcmp(&a, &again, sizeof a) != 0))
        abort();
    free(hex);
    return 0;
}
