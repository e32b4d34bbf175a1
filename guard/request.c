/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/request.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The parts of the head that must agree with each other. */
static bool head_is_valid(const struct hg_request *h)
{
    bool no_bytes = (h->flags & HG_REQ_NO_BYTES) != 0;
    if (h->kind > HG_REQ_UNGATED || h->trouble > HG_TROUBLE_READ || h->layer > HG_LAYER_DLOPEN)
        return false;
    if ((h->flags & ~(uint32_t)(HG_REQ_NO_BYTES | HG_REQ_TEXT)) != 0)
        return false;
    if (h->kind == HG_REQ_HELLO || h->kind == HG_REQ_UNGATED)
        return no_bytes && h->trouble == HG_TROUBLE_NONE;
    return no_bytes == (h->trouble != HG_TROUBLE_NONE);
}

int hg_question_parse(const void *packet, size_t size, struct hg_question *out)
{
    struct hg_request h;
    if (size < sizeof h || size > HG_WIRE_PACKET_MAX)
        return -EBADMSG;
    memcpy(&h, packet, sizeof h);
    if (h.magic != HG_WIRE_MAGIC || h.version != HG_WIRE_VERSION)
        return -EPROTO;
    const uint16_t lengths[4] = {h.path_len, h.resolved_len, h.root_len, h.frame_len};
    size_t total = 0;
    for (size_t i = 0; i < 4; i++)
        total += lengths[i];
    const char *text = (const char *)packet + sizeof h;
    if (total != size - sizeof h || memchr(text, '\0', total) != NULL || !head_is_valid(&h))
        return -EBADMSG;

    char *storage = malloc(total + 4);
    if (storage == NULL)
        return -ENOMEM;
    char *parts[4], *to = storage;
    for (size_t i = 0; i < 4; i++) {
        parts[i] = to;
        memcpy(to, text, lengths[i]);
        to[lengths[i]] = '\0';
        to += lengths[i] + 1;
        text += lengths[i];
    }
    *out = (struct hg_question){h, parts[0], parts[1], parts[2], parts[3], storage};
    return 0;
}

void hg_question_clear(struct hg_question *q)
{
    free(q->storage);
    memset(q, 0, sizeof *q);
}
