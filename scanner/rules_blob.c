/* SPDX-License-Identifier: Apache-2.0 */
#include "scanner/rules_blob.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

extern const char hg_rules_blob[], hg_rules_yarc[];
extern const uint64_t hg_rules_blob_size, hg_rules_yarc_size;

/* "\001NAME SIZE\n" then SIZE bytes, as the Makefile writes it. */
int hg_rules_blob_next(size_t *cursor, struct hg_rules_entry *entry)
{
    const char *at = hg_rules_blob + *cursor;
    size_t left = hg_rules_blob_size - *cursor, size = 0;
    if (left == 0)
        return 0;
    const char *eol = memchr(at, '\n', left);
    const char *space = eol == NULL ? NULL : memchr(at, ' ', (size_t)(eol - at));
    if (at[0] != '\001' || space == NULL || space + 1 == eol)
        return -EINVAL;
    size_t name_len = (size_t)(space - at) - 1;
    if (name_len == 0 || name_len >= sizeof entry->name)
        return -EINVAL;
    for (const char *p = space + 1; p < eol; p++) {
        if (*p < '0' || *p > '9' || size > left)
            return -EINVAL;
        size = size * 10 + (size_t)(*p - '0');
    }
    left -= (size_t)(eol + 1 - at);
    if (size > left)
        return -EINVAL;
    memcpy(entry->name, at + 1, name_len);
    entry->name[name_len] = '\0';
    entry->text = eol + 1;
    entry->size = size;
    *cursor = (size_t)(eol + 1 + size - hg_rules_blob);
    return 1;
}

int hg_rules_entry_is(const struct hg_rules_entry *entry, const char *suffix)
{
    size_t n = strlen(entry->name), k = strlen(suffix);
    return n > k && strcmp(entry->name + n - k, suffix) == 0;
}

const void *hg_rules_compiled(size_t *size)
{
    *size = hg_rules_yarc_size;
    return hg_rules_yarc;
}
