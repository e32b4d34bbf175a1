/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a lock file. What is accepted must be written as a lock that holds the same entries. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/lock_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hg_lock *lock = NULL, *again = NULL;
    struct hg_error err;
    char *text = NULL;
    size_t text_size = 0;
    if (hg_lock_parse((const char *)data, size, "fuzz", &lock, &err) < 0)
        return 0;
    FILE *out = open_memstream(&text, &text_size);
    if (out == NULL || hg_lock_json_write(lock, out) < 0)
        abort();
    (void)fclose(out);
    if (hg_lock_parse(text, text_size, "fuzz", &again, &err) < 0 ||
        hg_lock_count(again) != hg_lock_count(lock))
        abort();
    for (size_t i = 0; i < hg_lock_count(lock); i++) {
        const struct hg_lock_entry *a = hg_lock_at(lock, i), *b = hg_lock_at(again, i);
        if (strcmp(a->sha256, b->sha256) != 0 || strcmp(a->repository, b->repository) != 0 ||
            strcmp(a->file, b->file) != 0 || strcmp(a->why, b->why) != 0 ||
            hg_lock_find(again, a->sha256) == NULL)
            abort();
    }
    hg_lock_free(lock);
    hg_lock_free(again);
    free(text);
    return 0;
}
