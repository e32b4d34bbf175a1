/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/codec.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "guard/text.h"

#define CODEC_VERSION 1u
#define ABSENT        0xffffu

struct codec_head {
    uint32_t version, count;
    uint64_t dropped;
};

enum { RULE, MESSAGE, EVIDENCE, LAYERS, STRINGS };

struct codec_item {
    uint8_t severity, confidence, reach, zero;
    uint16_t cwe[HG_CWE_MAX];
    uint32_t line, column;
    uint16_t length[STRINGS]; /* ABSENT for NULL */
};

static const uint16_t longest[STRINGS] = {64, 1024, 512, 256};

static size_t put_string(const char *text, size_t which, uint8_t *to)
{
    return hg_text_escape(text, strlen(text), true, (char *)to, longest[which] + 1u);
}

static uint8_t *put_item(const struct hg_finding *f, uint8_t *to)
{
    const char *strings[STRINGS] = {f->rule, f->message, f->evidence, f->layers};
    struct codec_item item = {(uint8_t)f->severity,
                              (uint8_t)f->confidence,
                              (uint8_t)f->reach,
                              0,
                              {0},
                              f->line,
                              f->column,
                              {ABSENT, ABSENT, ABSENT, ABSENT}};
    memcpy(item.cwe, f->cwe, sizeof item.cwe);
    uint8_t *head = to;
    to += sizeof item;
    for (size_t i = 0; i < STRINGS; i++) {
        if (strings[i] == NULL)
            continue;
        item.length[i] = (uint16_t)put_string(strings[i], i, to);
        to += item.length[i];
    }
    memcpy(head, &item, sizeof item);
    return to;
}

int hg_codec_encode(const struct hg_findings *findings, uint8_t **out, size_t *out_size)
{
    size_t count = findings->count < HG_FINDINGS_DEFAULT ? findings->count : HG_FINDINGS_DEFAULT;
    size_t most = sizeof(struct codec_item) + STRINGS; /* a byte each for the NUL that escaping writes */
    for (size_t i = 0; i < STRINGS; i++)
        most += longest[i];
    uint8_t *bytes = malloc(sizeof(struct codec_head) + count * most + 1);
    if (bytes == NULL)
        return -ENOMEM;
    struct codec_head head = {CODEC_VERSION, (uint32_t)count, findings->dropped + (findings->count - count)};
    memcpy(bytes, &head, sizeof head);
    uint8_t *to = bytes + sizeof head;
    for (size_t i = 0; i < count; i++)
        to = put_item(&findings->items[i], to);
    *out = bytes;
    *out_size = (size_t)(to - bytes);
    return 0;
}

static bool item_is_valid(const struct codec_item *item)
{
    return item->severity <= HG_SEV_CRITICAL && item->confidence <= HG_CONF_HIGH &&
           item->reach <= HG_REACH_LOAD && item->zero == 0 && item->length[RULE] != ABSENT &&
           item->length[RULE] != 0 && item->length[MESSAGE] != ABSENT;
}

/* Take one finding off the front of the bytes. 0, -EBADMSG, -ENOMEM. */
static int take_item(const uint8_t **at, size_t *left, struct hg_findings *out)
{
    struct codec_item item;
    if (*left < sizeof item)
        return -EBADMSG;
    memcpy(&item, *at, sizeof item);
    *at += sizeof item;
    *left -= sizeof item;
    if (!item_is_valid(&item))
        return -EBADMSG;
    char strings[STRINGS][1025];
    char *given[STRINGS] = {NULL};
    for (size_t i = 0; i < STRINGS; i++) {
        size_t n = item.length[i];
        if (n == ABSENT)
            continue;
        if (n > longest[i] || n > *left || !hg_text_is_clean((const char *)*at, n))
            return -EBADMSG;
        memcpy(strings[i], *at, n);
        strings[i][n] = '\0';
        given[i] = strings[i];
        *at += n;
        *left -= n;
    }
    struct hg_finding f = {.rule = given[RULE],
                           .message = given[MESSAGE],
                           .evidence = given[EVIDENCE],
                           .layers = given[LAYERS],
                           .severity = (enum hg_severity)item.severity,
                           .confidence = (enum hg_confidence)item.confidence,
                           .reach = (enum hg_reach)item.reach,
                           .line = item.line,
                           .column = item.column};
    memcpy(f.cwe, item.cwe, sizeof f.cwe);
    return hg_findings_add(out, &f);
}

int hg_codec_decode(const uint8_t *bytes, size_t size, struct hg_findings *out)
{
    struct codec_head head;
    if (size < sizeof head || size > HG_CODEC_MAX)
        return -EBADMSG;
    memcpy(&head, bytes, sizeof head);
    if (head.version != CODEC_VERSION || head.count > HG_FINDINGS_DEFAULT || head.dropped > UINT32_MAX)
        return -EBADMSG;
    const uint8_t *at = bytes + sizeof head;
    size_t left = size - sizeof head;
    int rc = 0;
    for (uint32_t i = 0; i < head.count && rc == 0; i++)
        rc = take_item(&at, &left, out);
    if (rc == 0 && left != 0)
        rc = -EBADMSG;
    if (rc != 0) {
        hg_findings_clear(out);
        return rc;
    }
    out->dropped += (size_t)head.dropped;
    hg_findings_sort(out);
    return 0;
}
