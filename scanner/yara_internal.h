/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the YARA pack share: loading rules, looking whether a scan can find anything, scanning.
 */
#ifndef HUBGUARD_SCANNER_YARA_INTERNAL_H
#define HUBGUARD_SCANNER_YARA_INTERNAL_H

#include <string.h>
#include <yara.h>

#include "scanner/yara_pack.h"

/* Rules that were compiled together, and what they are scanned with. */
struct hg_yara_set {
    YR_RULES *rules;
    YR_SCANNER *scanner;
};

enum { HG_YARA_BUILTIN, HG_YARA_EXTRA, HG_YARA_SETS };

struct hg_yara_filter;

struct hg_yara {
    struct hg_yara_set sets[HG_YARA_SETS]; /* EXTRA is empty without a folder of rules */
    struct hg_yara_filter *filter;         /* of the BUILTIN set */
    struct hg_rule_info *catalogue;        /* in order of id; [0] is the pack's own, HG-YARA-000 */
    const YR_RULE **order;                 /* order[i] is catalogue[i]'s rule; order[0] is NULL */
    size_t count;
    int initialised;
};

/* hg_yara_new() with the built-in rules taken from these bytes, or compiled from their texts when libyara
 * refuses the bytes. */
int hg_yara_open(const void *compiled, size_t size, const char *extra_dir, struct hg_yara **out,
                 struct hg_error *err);

/* --- loading */

#define HG_YARA_SOURCES_MAX 256

struct hg_yara_source {
    char *path; /* as messages show it, and the YARA namespace */
    char *text; /* NUL-terminated */
};

/* The texts are those of the set compiled last, for messages that name a line. */
struct hg_yara_loader {
    struct hg_yara *pack;
    struct hg_error *err;
    struct hg_yara_source sources[HG_YARA_SOURCES_MAX];
    size_t count;
    YR_COMPILER *compiler;
    int failed;
};

/* Fill the set BUILTIN, from the bytes or from the embedded texts when libyara does not take them, or EXTRA
 * from a folder. Return 0 or a negative errno with its text in loader->err. */
int hg_yara_load_builtin(struct hg_yara_loader *loader, const void *compiled, size_t size);
int hg_yara_load_folder(struct hg_yara_loader *loader, const char *dir);
/* Frees the texts. */
void hg_yara_load_end(struct hg_yara_loader *loader);

/* --- looking before scanning */

/* Strings of these names are surroundings: no rule's condition is true without a string of another name. */
static inline int hg_yara_is_context(const YR_STRING *string)
{
    return strncmp(string->identifier, "$ctx_", 5) == 0;
}

/* A look at bytes that is several times faster than a scan. Returns 0, -ENOMEM, or -EINVAL for a string
 * without three fixed bytes in a row, which cannot be looked for. `rules` must outlive *out, which
 * hg_yara_filter_free() frees. */
int hg_yara_filter_new(const YR_RULES *rules, struct hg_yara_filter **out);
void hg_yara_filter_free(struct hg_yara_filter *filter);
/* 0 when no string that is not a surrounding matches anywhere in the bytes, so that no rule can; else 1. */
int hg_yara_filter_look(const struct hg_yara_filter *filter, const uint8_t *bytes, size_t size);

#endif
