/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule says about a place in a file, and the list of them that one scan gives. */
#ifndef HUBGUARD_SCANNER_FINDING_H
#define HUBGUARD_SCANNER_FINDING_H

#include <stddef.h>
#include <stdint.h>

enum hg_severity { HG_SEV_NONE = 0, HG_SEV_LOW, HG_SEV_MEDIUM, HG_SEV_HIGH, HG_SEV_CRITICAL };
enum hg_confidence { HG_CONF_LOW = 0, HG_CONF_MEDIUM, HG_CONF_HIGH };

/* When the code at the finding runs: `text` not at all as far as is known (a signature in the bytes), `call`
 * inside a function that loading does not call, `load` when the file is imported. Later values are graver. */
enum hg_reach { HG_REACH_TEXT = 0, HG_REACH_CALL, HG_REACH_LOAD };

#define HG_CWE_MAX          4
#define HG_FINDINGS_DEFAULT 200 /* findings kept for one file; more are counted in `dropped` */

struct hg_finding {
    char *rule;     /* "HG-PY-001", "HG-YARA-003"; owned */
    char *message;  /* one sentence for people, control characters already escaped; owned */
    char *evidence; /* resolved callee or matched text, at most some 120 bytes, escaped; owned, may be NULL */
    char *layers;   /* chain of decoded layers, "base64>zlib"; owned, NULL when found in the file itself */
    uint16_t cwe[HG_CWE_MAX]; /* ascending use, 0 = unused */
    enum hg_severity severity;
    enum hg_confidence confidence;
    enum hg_reach reach;
    uint32_t
        line; /* 1-based; 0 = whole file. In a decoded layer: the line of the decoding call in the file */
    uint32_t column; /* 1-based, in bytes of the decoded UTF-8 text; 0 = unknown */
};

struct hg_findings {
    struct hg_finding *items;
    size_t count;
    size_t capacity;
    size_t limit;   /* 0 means HG_FINDINGS_DEFAULT */
    size_t dropped; /* beyond limit; the gravest are kept */
};

/* Append a copy of *f (strings are duplicated). Equal (rule, line, column, layers) is added once.
 * Returns 0 or -ENOMEM. */
int hg_findings_add(struct hg_findings *list, const struct hg_finding *f);
/* Gravest first, then line, column, rule: the order of every output. */
void hg_findings_sort(struct hg_findings *list);
enum hg_severity hg_findings_max(const struct hg_findings *list);
void hg_findings_clear(struct hg_findings *list); /* frees everything and zeroes the list */

/* Lower-case names, as in JSON and policy. The parsers return 0 or -EINVAL. */
const char *hg_severity_name(enum hg_severity s);
int hg_severity_parse(const char *text, enum hg_severity *out);
const char *hg_confidence_name(enum hg_confidence c);
int hg_confidence_parse(const char *text, enum hg_confidence *out);
const char *hg_reach_name(enum hg_reach r);
int hg_reach_parse(const char *text, enum hg_reach *out);

#endif
