/* SPDX-License-Identifier: Apache-2.0 */
/* YARA rules: payload signatures in bytes, whatever the bytes are. */
#ifndef HUBGUARD_SCANNER_YARA_PACK_H
#define HUBGUARD_SCANNER_YARA_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "scanner/engine.h"

struct hg_yara;

/* Load the built-in rules and, if extra_dir is not NULL, every *.yar in it (name order, no subfolders).
 * Every rule needs meta id, title, cwe ("CWE-78, CWE-94"), severity, confidence, description, reference,
 * remedy, example and counterexample. Returns 0; -EINVAL with "FILE:LINE: ..." for a rule that does not
 * compile, lacks a meta field or uses an id twice; -ENOENT, -EACCES, -EIO for the folder; -ENOMEM. The caller
 * frees *out. */
int hg_yara_new(const char *extra_dir, struct hg_yara **out, struct hg_error *err);
void hg_yara_free(struct hg_yara *pack);

/* Append one finding per matching rule, at its first match. One thread at a time. Makes no system call but
 * those for memory and the clock, so it may run under a filter that forbids the rest. A scan over its time is
 * the finding HG-YARA-000. Returns 0, -ENOMEM, or -EIO when libyara failed. */
int hg_yara_scan(struct hg_yara *pack, const uint8_t *bytes, size_t size, struct hg_findings *out);

/* Rules in order of id; NULL past the end. Index 0 is HG-YARA-000. The pack owns the strings. */
const struct hg_rule_info *hg_yara_rule(const struct hg_yara *pack, size_t index);

#endif
