/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "scanner/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hg_findings out = {0};
    const struct hg_scan_input in = {.bytes = data, .size = size, .name = "fuzz"};
    (void)hg_native_is(data, size);
    if (hg_native_scan(&in, &out) != 0 || hg_bytecode_scan(&in, &out) != 0)
        abort();
    /* Whatever the bytes are, they are reported. */
    if (out.count < 2)
        abort();
    hg_findings_clear(&out);
    return 0;
}
