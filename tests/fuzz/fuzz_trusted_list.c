/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as torch.hub's trusted_list. Input: the name of a folder, a newline, the file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/origin_cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *eol = size == 0 ? NULL : memchr(data, '\n', size);
    if (eol == NULL)
        return 0;
    char *folder = strndup((const char *)data, (size_t)(eol - data));
    if (folder == NULL)
        return 0;
    size_t n = hg_cache_trusted_prefix((const char *)eol + 1, (size_t)(data + size - eol) - 1, folder);
    if (n != 0 && (n + 1 >= strlen(folder) || folder[n] != '_'))
        abort();
    free(folder);
    return 0;
}
