/* SPDX-License-Identifier: Apache-2.0 */
/* Hash and scan the files of a list in confined worker processes, and judge them. */
#ifndef HUBGUARD_GUARD_SCAN_RUN_H
#define HUBGUARD_GUARD_SCAN_RUN_H

#include "guard/scan_files.h"

/* Fills sha256, findings, error and verdict of every item. `lock` may be NULL. A file that cannot be read
 * gets `error`; a scan that does not end well is the finding HG-SCAN-001. Returns 0, or -errno with *err when
 * no worker can be had at all. */
int hg_scan_run(struct hg_scan_list *list, struct hg_engine *engine, const struct hg_policy *policy,
                const struct hg_lock *lock, unsigned jobs, struct hg_error *err);

/* The catalogue entries of the findings made here: HG-SCAN-001, HG-SIZE-001. Static. */
const struct hg_rule_info *hg_scan_rules(size_t *count);

#endif
