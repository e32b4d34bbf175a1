/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/request.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Which requests carry a descriptor. */
enum carries {
    BYTES = 0, /* unless `trouble` says why not */
    NOTHING,
    DESCRIPTOR,
    DESCRIPTOR_OR_ERROR /* unless `error` says why not */
};

static const struct {
    enum carries carries;
    bool named; /* `path` must not be empty */
} kinds[] = {
    [HG_REQ_HELLO] = {NOTHING, false},     [HG_REQ_SOURCE] = {BYTES, false},
    [HG_REQ_CODE] = {BYTES, false},        [HG_REQ_BYTECODE] = {BYTES, false},
    [HG_REQ_NATIVE] = {BYTES, false},      [HG_REQ_COMPILE] = {BYTES, false},
    [HG_REQ_DYNAMIC] = {BYTES, false},     [HG_REQ_UNGATED] = {NOTHING, false},
    [HG_REQ_CAGE] = {NOTHING, false},      [HG_REQ_LISTENER] = {DESCRIPTOR_OR_ERROR, false},
    [HG_REQ_CONNECT] = {DESCRIPTOR, true}, [HG_REQ_RESOLVE] = {NOTHING, false},
    [HG_REQ_ATTR] = {DESCRIPTOR, false},   [HG_REQ_ACT] = {NOTHING, false},
    [HG_REQ_SIGNAL] = {NOTHING, true},     [HG_REQ_MEMFD] = {NOTHING, false},
};

/* The parts of the head that must agree with each other. */
static bool head_is_valid(const struct hg_request *h)
{
    bool no_bytes = (h->flags & HG_REQ_NO_BYTES) != 0;
    if (h->kind >= sizeof kinds / sizeof kinds[0] || h->trouble > HG_TROUBLE_READ ||
        h->layer > HG_LAYER_DLOPEN)
        return false;
    if ((h->flags & ~(uint32_t)(HG_REQ_NO_BYTES | HG_REQ_TEXT)) != 0)
        return false;
    if (kinds[h->kind].named && h->path_len == 0)
        return false;
    if (kinds[h->kind].carries == BYTES)
        return no_bytes == (h->trouble != HG_TROUBLE_NONE);
    if (h->trouble != HG_TROUBLE_NONE || (h->flags & HG_REQ_TEXT) != 0)
        return false;
    if (kinds[h->kind].carries == DESCRIPTOR_OR_ERROR)
        return no_bytes == (h->error != 0);
    return no_bytes == (kinds[h->kind].carries == NOTHING);
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

bool hg_question_for_cage(uint32_t kind)
{
    return kind >= HG_REQ_CAGE;
}
