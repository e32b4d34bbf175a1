/* SPDX-License-Identifier: Apache-2.0 */
/* Any packet that a process can send to the guard. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guard/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hg_question q;
    if (hg_question_parse(data, size, &q) != 0)
        return 0;
    const struct hg_request *h = &q.head;
    if (strlen(q.path) != h->path_len || strlen(q.resolved) != h->resolved_len ||
        strlen(q.root) != h->root_len || strlen(q.frame) != h->frame_len || h->kind > HG_REQ_MEMFD ||
        h->layer > HG_LAYER_DLOPEN)
        abort();
    hg_question_clear(&q);
    return 0;
}
