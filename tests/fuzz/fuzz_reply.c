/* SPDX-License-Identifier: Apache-2.0 */
/* Any packet that something on the guard's socket can answer to the shim. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shim/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hg_reply reply;
    char *text = malloc(HG_WIRE_TEXT_MAX);
    if (text == NULL)
        return 0;
    if (hg_reply_parse(data, size, &reply, text) == 0 &&
        (size != sizeof reply + reply.text_len || strlen(text) > reply.text_len))
        abort();
    free(text);
    return 0;
}
