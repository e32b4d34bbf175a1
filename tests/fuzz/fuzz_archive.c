/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "scanner/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hg_findings out = {0};
    const struct hg_scan_input in = {.bytes = data, .size = size, .name = "fuzz"};
    (void)hg_archive_is(data, size);
    /* No finding means that every member was read; the engine is left out so that the structure is what is
     * fuzzed. */
    if (hg_archive_scan(NULL, &in, &out) != 0)
        abort();
    hg_findings_clear(&out);
    return 0;
}
