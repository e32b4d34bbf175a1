/* SPDX-License-Identifier: Apache-2.0 */
/* Any answer that a worker can give, and any entry that a cache file can hold. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guard/codec.h"
#include "guard/text.h"
#include "guard/worker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
    if (text != NULL && !hg_text_is_clean(text, strlen(text)))
        abort();
}

static void check(const struct hg_findings *list)
{
    if (list->count > HG_FINDINGS_DEFAULT)
        abort();
    for (size_t i = 0; i < list->count; i++) {
        const struct hg_finding *f = &list->items[i];
        if (f->severity > HG_SEV_CRITICAL || f->reach > HG_REACH_LOAD || f->confidence > HG_CONF_HIGH ||
            f->rule == NULL || f->message == NULL)
            abort();
        check_text(f->rule);
        check_text(f->message);
        check_text(f->evidence);
        check_text(f->layers);
    }
}

/* What was decoded encodes to something that decodes to as many findings. */
static void round_trip(const struct hg_findings *list)
{
    struct hg_findings back = {0};
    uint8_t *bytes;
    size_t size;
    if (hg_codec_encode(list, &bytes, &size) != 0)
        return;
    if (size > HG_CODEC_MAX || hg_codec_decode(bytes, size, &back) != 0 || back.count != list->count)
        abort();
    hg_findings_clear(&back);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hg_worker_reply head;
    struct hg_findings list = {0};
    if (size >= sizeof head) {
        memcpy(&head, data, sizeof head);
        if (hg_worker_reply_check(&head) == 0 && head.size > HG_CODEC_MAX)
            abort();
    }
    if (hg_codec_decode(data, size, &list) != 0) {
        if (list.count != 0)
            abort();
        return 0;
    }
    check(&list);
    round_trip(&list);
    hg_findings_clear(&list);
    return 0;
}
