/* SPDX-License-Identifier: Apache-2.0 */
/* Which files `hubguard scan` looks at, and what it learns of each. */
#ifndef HUBGUARD_GUARD_SCAN_FILES_H
#define HUBGUARD_GUARD_SCAN_FILES_H

#include <stdbool.h>
#include <sys/types.h>

#include "policy/lock.h"
#include "policy/policy.h"
#include "scanner/engine.h"

enum hg_scan_verdict {
    HG_SCANNED_PASS = 0,
    HG_SCANNED_WARN,
    HG_SCANNED_BLOCK,
    HG_SCANNED_APPROVED,
    HG_SCANNED_ERROR
};

struct hg_scan_file {
    char *path; /* as found: the argument, and the names below it */
    enum hg_scan_kind kind;
    dev_t device;
    ino_t inode;
    uint64_t size;
    char sha256[HG_SHA256_HEX]; /* "" when the file was not read to its end */
    struct hg_findings findings;
    char *error; /* why it could not be scanned; escaped */
    enum hg_scan_verdict verdict;
};

struct hg_scan_list {
    struct hg_scan_file *items; /* in the order of every output: arguments as given, below them by name */
    size_t count, capacity;
    char **notes; /* one line each, escaped: what was passed over and why */
    size_t note_count;
};

/* Add what is at `path`: a file, or the files below a directory. Symbolic links are followed when they are
 * the argument itself or lead to files; links to directories below it are not. What cannot be read becomes an
 * entry with `error`. Returns 0 or -ENOMEM. */
int hg_scan_collect(struct hg_scan_list *list, const char *path, const struct hg_policy *policy);
/* After the last hg_scan_collect(): drop data entries whose inode is also there as code (hub snapshots link
 * to blobs). */
void hg_scan_settle(struct hg_scan_list *list);
int hg_scan_note(struct hg_scan_list *list, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Set items[i].error. Keeps the first one. */
int hg_scan_error(struct hg_scan_file *file, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void hg_scan_clear(struct hg_scan_list *list);

const char *hg_scan_verdict_name(enum hg_scan_verdict verdict); /* as in JSON */

#endif
