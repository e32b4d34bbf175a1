/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/decide.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A .pyc starts with a 16-bit magic number and CR LF (Lib/importlib/_bootstrap_external.py, MAGIC_NUMBER). */
static bool is_bytecode(const uint8_t *b, size_t size)
{
    return size >= 4 && b[2] == '\r' && b[3] == '\n' &&
           (b[1] == 0x0c || b[1] == 0x0d || b[1] == 0x0e || b[1] == 0x0f);
}

/* Python finds the end record of a zip wherever the file starts: any prefix may stand before it. */
static bool is_archive(const uint8_t *b, size_t size)
{
    if (size >= 4 && memcmp(b, "PK\003\004", 4) == 0)
        return true;
    size_t tail = size < 65557 ? size : 65557; /* end record and the longest comment */
    return size >= 22 && memmem(b + (size - tail), tail, "PK\005\006", 4) != NULL;
}

enum hg_scan_kind hg_scan_kind_of(uint32_t kind, uint32_t flags, const uint8_t *bytes, size_t size)
{
    switch (kind) {
    case HG_REQ_BYTECODE:
        return HG_KIND_BYTECODE;
    case HG_REQ_NATIVE:
        return HG_KIND_NATIVE;
    case HG_REQ_COMPILE:
    case HG_REQ_DYNAMIC:
        return (flags & HG_REQ_TEXT) != 0 ? HG_KIND_TEXT : HG_KIND_SOURCE;
    case HG_REQ_CODE:
        if (is_bytecode(bytes, size))
            return HG_KIND_BYTECODE;
        if (size >= 4 && memcmp(bytes, "\177ELF", 4) == 0)
            return HG_KIND_NATIVE;
        /* Python text under another name, or package data (pkgutil.get_data opens it the same way): should it
         * be source after all, the audit event `compile` brings it back as HG_REQ_COMPILE before it runs. */
        return is_archive(bytes, size) ? HG_KIND_ARCHIVE : HG_KIND_AUTO;
    default:
        return HG_KIND_SOURCE;
    }
}

bool hg_outcome_allows(enum hg_outcome outcome)
{
    return outcome != HG_OUT_BLOCK;
}

const char *hg_outcome_name(enum hg_outcome outcome)
{
    static const char *const names[] = {"allow", "warn", "block", "approved", "would-block"};
    return names[outcome];
}

__attribute__((format(printf, 3, 4))) static bool say(struct hg_decision *out, enum hg_outcome outcome,
                                                      const char *fmt, ...)
{
    va_list ap;
    out->outcome = outcome;
    va_start(ap, fmt);
    (void)vsnprintf(out->reason, sizeof out->reason, fmt, ap);
    va_end(ap);
    return true;
}

static bool trouble_blocks(const struct hg_facts *f, const struct hg_policy *p, struct hg_decision *out)
{
    bool too_big =
        f->trouble == HG_TROUBLE_TOO_BIG || (f->trouble == HG_TROUBLE_NONE && f->size > p->max_size);
    if (too_big)
        return say(out, HG_OUT_BLOCK, "%llu bytes is over the limit of %llu ([scan] max_size)",
                   (unsigned long long)f->size, (unsigned long long)p->max_size);
    if (f->trouble == HG_TROUBLE_NOT_REGULAR)
        return say(out, HG_OUT_BLOCK, "not a regular file: it cannot be read twice alike");
    if (f->trouble == HG_TROUBLE_READ) {
        const char *why = strerrordesc_np((int)f->error);
        return say(out, HG_OUT_BLOCK, "it could not be read: %s", why == NULL ? "unknown error" : why);
    }
    return false;
}

static const struct hg_finding *find_rule(const struct hg_findings *list, const char *rule)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].rule, rule) == 0)
            return &list->items[i];
    return NULL;
}

/* What the policy refuses as a kind of file, whatever is inside. */
static bool kind_blocks(const struct hg_facts *f, const struct hg_policy *p, struct hg_decision *out)
{
    if (f->scan_kind == HG_KIND_BYTECODE && p->bytecode != HG_BYTECODE_ALLOW)
        return say(out, HG_OUT_BLOCK,
                   "bytecode without scanned source ([scan] bytecode = allow would let it pass)");
    if (f->scan_kind == HG_KIND_NATIVE && !p->native_allow) {
        out->cause = find_rule(f->findings, HG_RULE_NATIVE);
        return say(out, HG_OUT_BLOCK, "compiled extension ([scan] native = allow would let it pass)");
    }
    return false;
}

static bool scan_failed(const struct hg_facts *f, const struct hg_policy *p, struct hg_decision *out)
{
    enum hg_outcome outcome = p->on_error_allow ? HG_OUT_WARN : HG_OUT_BLOCK;
    const char *why;
    switch (f->scan) {
    case HG_SCAN_TIMEOUT:
        if (p->timeout_ms % 1000 == 0)
            return say(out, outcome, "scan did not finish within %us", p->timeout_ms / 1000);
        return say(out, outcome, "scan did not finish within %ums", p->timeout_ms);
    case HG_SCAN_CRASHED:
        if (f->scan_detail == 0)
            return say(out, outcome, "scanner ended without an answer");
        return say(out, outcome, "scanner crashed (signal %d)", f->scan_detail);
    case HG_SCAN_FAILED:
        why = strerrordesc_np(f->scan_detail);
        return say(out, outcome, "scan failed: %s", why == NULL ? "unknown error" : why);
    default:
        return false;
    }
}

/* native = allow and bytecode = allow have answered what these rules say: they are told, not weighed. */
static bool weighs(const struct hg_finding *f, const struct hg_facts *facts)
{
    if (facts->scan_kind == HG_KIND_NATIVE)
        return strncmp(f->rule, HG_RULES_NATIVE, strlen(HG_RULES_NATIVE)) != 0;
    return facts->scan_kind != HG_KIND_BYTECODE || strcmp(f->rule, HG_RULE_BYTECODE) != 0;
}

static bool findings_decide(const struct hg_facts *f, const struct hg_policy *p, struct hg_decision *out)
{
    const struct hg_finding *gravest = NULL;
    for (size_t i = 0; i < f->findings->count && gravest == NULL; i++)
        if (weighs(&f->findings->items[i], f))
            gravest = &f->findings->items[i];
    if (gravest == NULL)
        return false;
    if (p->block_at != HG_SEV_NONE && gravest->severity >= p->block_at) {
        out->cause = gravest;
        return say(out, HG_OUT_BLOCK, "%s finding, [scan] block_at = %s", hg_severity_name(gravest->severity),
                   hg_severity_name(p->block_at));
    }
    if (p->warn_at != HG_SEV_NONE && gravest->severity >= p->warn_at) {
        out->cause = gravest;
        return say(out, HG_OUT_WARN, "%s finding, [scan] warn_at = %s", hg_severity_name(gravest->severity),
                   hg_severity_name(p->warn_at));
    }
    return false;
}

static bool decide(const struct hg_facts *f, const struct hg_policy *p, struct hg_decision *out)
{
    if (f->unwatched)
        return say(out, HG_OUT_ALLOW, "not guarded by this policy ([roots])");
    if (f->approved)
        return say(out, HG_OUT_APPROVED, "approved in the lock file");
    if (p->lock_require)
        return say(out, HG_OUT_BLOCK, "not approved, and [lock] require = yes");
    if (f->kind == HG_REQ_UNGATED)
        return say(out, HG_OUT_BLOCK, "code whose source did not pass the gate was about to run");
    if (trouble_blocks(f, p, out) || kind_blocks(f, p, out))
        return true;
    if (f->scan == HG_SCAN_PENDING)
        return false;
    if (scan_failed(f, p, out) || findings_decide(f, p, out))
        return true;
    return say(out, HG_OUT_ALLOW, "%s", "");
}

bool hg_decide(const struct hg_facts *facts, const struct hg_policy *policy, struct hg_decision *out)
{
    memset(out, 0, sizeof *out);
    if (!decide(facts, policy, out))
        return false;
    if (out->outcome == HG_OUT_BLOCK && policy->mode == HG_MODE_OBSERVE)
        out->outcome = HG_OUT_WOULD_BLOCK;
    return true;
}
