/* SPDX-License-Identifier: Apache-2.0 */
/* What a scan found, written for people, for programs and for code-scanning pages. */
#ifndef HUBGUARD_GUARD_REPORT_H
#define HUBGUARD_GUARD_REPORT_H

#include <stdio.h>

#include "guard/scan_files.h"

struct hg_report {
    const struct hg_scan_list *list;
    const struct hg_policy *policy;
    const struct hg_engine *engine;
};

struct hg_report_totals {
    size_t files, findings, by_severity[HG_SEV_CRITICAL + 1], by_verdict[HG_SCANNED_ERROR + 1], dropped;
};
void hg_report_totals(const struct hg_report *report, struct hg_report_totals *out);

/* Write to `out`. Returns 0, -ENOMEM, or -EIO. Paths and messages of the scanned files cannot steer a
 * terminal. */
int hg_report_text(const struct hg_report *report, FILE *out);
int hg_report_json(const struct hg_report *report, FILE *out);
int hg_report_sarif(const struct hg_report *report, FILE *out);

/* Catalogue: the engine's rules, then the command's own. NULL past the end. */
const struct hg_rule_info *hg_report_rule(const struct hg_engine *engine, size_t index);

#endif
