/* SPDX-License-Identifier: Apache-2.0 */
/* The rule files that the build embeds (scanner/rules_embed.S), one after the other. */
#ifndef HUBGUARD_SCANNER_RULES_BLOB_H
#define HUBGUARD_SCANNER_RULES_BLOB_H

#include <stddef.h>

#define HG_RULES_NAME_MAX 64

struct hg_rules_entry {
    char name[HG_RULES_NAME_MAX]; /* file name without folder: "payloads.yar" */
    const char *text;             /* in the binary's read-only data, not NUL-terminated */
    size_t size;
};

/* Next embedded file. *cursor starts at 0 and is the function's own. Returns 1 with *entry filled, 0 after
 * the last, -EINVAL when the blob is malformed (a broken build). */
int hg_rules_blob_next(size_t *cursor, struct hg_rules_entry *entry);
/* 1 when entry->name ends in `suffix` (".yar", ".ini"). */
int hg_rules_entry_is(const struct hg_rules_entry *entry, const char *suffix);

/* The built-in *.yar files compiled by the libyara of the build, as yr_rules_load_stream() reads them. */
const void *hg_rules_compiled(size_t *size);

#endif
