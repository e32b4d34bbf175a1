/* SPDX-License-Identifier: Apache-2.0 */
/* The whole engine. First byte: the kind; the rest: the file. */
#include <stdlib.h>

#include "scanner/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hg_engine *engine;
    if (engine == NULL && hg_engine_new(NULL, &engine, NULL) != 0)
        abort();
    if (size == 0)
        return 0;
    struct hg_findings out = {0};
    struct hg_scan_input in = {.bytes = data + 1,
                               .size = size - 1,
                               .kind = (enum hg_scan_kind)(data[0] % (HG_KIND_CONFIG + 1)),
                               .name = (data[0] & 0x80) != 0 ? "x.py" : NULL};
    if (hg_engine_scan(engine, &in, &out) != 0)
        abort();
    hg_findings_clear(&out);
    return 0;
}
