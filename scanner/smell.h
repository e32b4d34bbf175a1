/* SPDX-License-Identifier: Apache-2.0 */
/* Smell rules: what parsed Python does, after names, aliases, constants and decoded layers are resolved. */
#ifndef HUBGUARD_SCANNER_SMELL_H
#define HUBGUARD_SCANNER_SMELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scanner/engine.h"

struct hg_smell_rules;

/* An empty set. Returns 0 or -ENOMEM; the caller frees *out. */
int hg_smell_rules_new(struct hg_smell_rules **out);
void hg_smell_rules_free(struct hg_smell_rules *rules);

/* Add the sections of one INI text; `name` stands in messages. The language is described at the top of
 * scanner/rules/python.ini. Returns 0, -EINVAL with err "NAME:LINE: what (did you mean ...?)", -ENOMEM. */
int hg_smell_rules_add(struct hg_smell_rules *rules, const char *text, size_t size, const char *name,
                       struct hg_error *err);

/* Rules in the order they were added; NULL past the end. The set owns the strings. */
const struct hg_rule_info *hg_smell_rule(const struct hg_smell_rules *rules, size_t index);

/* Called with every layer that was decoded out of the source: bytes that are not Python text as well. `line`
 * is that of the decoding call in the file. Returns 0 or a negative errno, which ends the scan. */
typedef int hg_smell_layer_fn(void *context, const uint8_t *bytes, size_t size, const char *layers,
                              uint32_t line);

struct hg_smell_options {
    hg_smell_layer_fn *on_layer; /* may be NULL */
    void *context;
    bool lenient; /* text that does not decode or parse is no finding: it may well not be Python */
};

/* Scan Python. `kind` is HG_KIND_SOURCE (coding cookie obeyed) or HG_KIND_TEXT. Appends findings, does not
 * sort. What cannot be decoded or parsed is a finding (HG-ENC-*, HG-PARSE-*), and so is a cap that was
 * reached. Never recurses on the input; time is linear in size plus what is decoded, memory is capped.
 * Returns 0, -ENOMEM, or what on_layer returned. */
int hg_smell_scan(const struct hg_smell_rules *rules, const uint8_t *bytes, size_t size,
                  enum hg_scan_kind kind, const struct hg_smell_options *options, struct hg_findings *out);

#endif
