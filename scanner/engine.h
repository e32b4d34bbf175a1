/* SPDX-License-Identifier: Apache-2.0 */
/* The scanner: bytes in, findings out. No policy, no network, no file access after hg_engine_new(). */
#ifndef HUBGUARD_SCANNER_ENGINE_H
#define HUBGUARD_SCANNER_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "scanner/error.h"
#include "scanner/finding.h"

/* What the bytes are going to be used as. The name a file carries does not decide that alone: runpy runs
 * bytecode under any name. */
enum hg_scan_kind {
    HG_KIND_AUTO = 0, /* by content and name, as `hubguard scan PATH` needs it */
    HG_KIND_SOURCE,   /* Python source as CPython would read it: coding cookie, BOM, any line ends */
    HG_KIND_TEXT, /* Python source already decoded to UTF-8: compile() of a str; no coding cookie is obeyed */
    HG_KIND_BYTECODE, /* a .pyc, or marshal data */
    HG_KIND_NATIVE,   /* a shared object */
    HG_KIND_ARCHIVE,  /* a zip that Python puts on sys.path */
    HG_KIND_OTHER,    /* not code: YARA only */
    HG_KIND_CONFIG    /* JSON that a loader reads: YARA, and the repositories whose code it names */
};

/* Neither is run. */
static inline int hg_kind_is_data(enum hg_scan_kind kind)
{
    return kind == HG_KIND_OTHER || kind == HG_KIND_CONFIG;
}

struct hg_scan_input {
    const uint8_t *bytes;
    size_t size;
    enum hg_scan_kind kind;
    const char *name; /* path shown in findings and used for HG_KIND_AUTO; not opened; may be NULL */
};

struct hg_engine;

struct hg_engine_options {
    const char *extra_rules; /* directory with more *.yar and *.ini files, or NULL */
};

/* Compile and load all rules. One engine serves one thread at a time; fork() after it is fine.
 * Returns 0, -EINVAL for a rule that does not load (err: file:line and what is wrong), -ENOMEM. */
int hg_engine_new(const struct hg_engine_options *options, struct hg_engine **out, struct hg_error *err);
void hg_engine_free(struct hg_engine *engine);

/* Hex SHA-256 (64 characters + NUL, owned by the engine) over every rule text and the engine's own version:
 * the second half of a verdict-cache key. */
const char *hg_engine_ruleset(const struct hg_engine *engine);

/* Scan one input; findings are appended to *out and sorted. Work and memory are bounded by the size of the
 * input (linear) and by fixed caps. What cannot be parsed, decoded or finished within a cap is itself a
 * finding, never a silence. Returns 0, or -ENOMEM / -EIO when the scan could not be carried out at all
 * (the caller must treat that as a block). */
int hg_engine_scan(struct hg_engine *engine, const struct hg_scan_input *input, struct hg_findings *out);

/* The catalogue, for `hubguard rules`. Index from 0; returns NULL past the end. Strings are the engine's. */
struct hg_rule_info {
    const char *id, *title, *kind; /* kind: "smell", "yara", "engine"; "gate": the guard's own */
    const char *description, *remedy, *reference;
    const char *example, *counterexample; /* a sample that matches, one that must not */
    uint16_t cwe[HG_CWE_MAX];
    enum hg_severity severity[3]; /* by reach: text, call, load */
    enum hg_confidence confidence;
};
const struct hg_rule_info *hg_engine_rule(const struct hg_engine *engine, size_t index);

#endif
