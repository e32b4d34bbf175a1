/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a configuration of a model. Input: one byte that says whether the file has an owner, the file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guard/text.h"
#include "scanner/auto_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct hg_findings out = {0};
    const struct hg_scan_input in = {.bytes = data + 1,
                                     .size = size - 1,
                                     .kind = HG_KIND_CONFIG,
                                     .name = (data[0] & 1) != 0 ? "/h/models--o--m/snapshots/x/config.json"
                                                                : NULL};
    if (hg_auto_map_scan(&in, &out) != 0 || out.count > 200)
        abort();
    for (size_t i = 0; i < out.count; i++) {
        const struct hg_finding *f = &out.items[i];
        if (f->line == 0 || f->evidence == NULL || !hg_text_is_clean(f->evidence, strlen(f->evidence)) ||
            !hg_text_is_clean(f->message, strlen(f->message)))
            abort();
        if ((data[0] & 1) != 0 && strncmp(f->evidence, "o/m--", 5) == 0)
            abort();
    }
    hg_findings_clear(&out);
    return 0;
}
