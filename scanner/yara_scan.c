/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes against the rules, and matches as findings. */
#include <errno.h>
#include <string.h>
#include <yara.h>

#include "scanner/printable.h"
#include "scanner/yara_internal.h"

#define SCAN_SECONDS 4
#define EVIDENCE_MAX 120

struct scan {
    const struct hg_yara *pack;
    const uint8_t *bytes;
    size_t size;
    struct hg_findings *out;
    int unfinished, rc;
};

static void place(const struct scan *s, size_t offset, uint32_t *line, uint32_t *column)
{
    size_t start = 0;
    *line = 1;
    for (size_t i = 0; i < offset && i < s->size; i++) {
        /* \r\n is one line end, a lone \r another, as CPython reads source. */
        if (s->bytes[i] == '\n' || (s->bytes[i] == '\r' && (i + 1 == s->size || s->bytes[i + 1] != '\n'))) {
            start = i + 1;
            *line += *line < UINT32_MAX;
        }
    }
    *column = offset - start < UINT32_MAX ? (uint32_t)(offset - start + 1) : 0;
}

/* Strings named $ctx_* are surroundings: they say where a rule matched only when nothing else does. Returns 0
 * when no string of the rule matched (its condition needs none). */
static int first_match(const YR_SCAN_CONTEXT *context, const YR_RULE *rule, YR_MATCH *out)
{
    YR_MATCH best[2] = {{0}}, match;
    int found[2] = {0, 0};
    YR_STRING *string;
    yr_rule_strings_foreach(rule, string)
    {
        int surrounding = hg_yara_is_context(string);
        /* The list is in order of offset. libyara does not align its matches, so they are copied out. */
        const void *head = context->matches[string->idx].head;
        if (head == NULL)
            continue;
        memcpy(&match, head, sizeof match);
        if (!found[surrounding] ||
            match.base + match.offset < best[surrounding].base + best[surrounding].offset)
            best[surrounding] = match;
        found[surrounding] = 1;
    }
    *out = best[found[0] ? 0 : 1];
    return found[0] || found[1];
}

static int add_finding(const struct scan *s, const struct hg_rule_info *info, const YR_MATCH *match)
{
    char evidence[EVIDENCE_MAX + 1] = "", message[256];
    struct hg_finding f = {.severity = info->severity[HG_REACH_TEXT],
                           .confidence = info->confidence,
                           .reach = HG_REACH_TEXT,
                           .message = message};
    memcpy(f.cwe, info->cwe, sizeof f.cwe);
    (void)hg_printable(info->title, strlen(info->title), message, sizeof message);
    f.rule = (char *)(uintptr_t)info->id; /* hg_findings_add() copies */
    if (match != NULL) {
        size_t offset = (size_t)(match->base + match->offset), length = (size_t)match->match_length;
        if (offset > s->size || length > s->size - offset)
            return -EIO;
        place(s, offset, &f.line, &f.column);
        (void)hg_printable(s->bytes + offset, length, evidence, sizeof evidence);
        f.evidence = evidence;
    }
    return hg_findings_add(s->out, &f);
}

static int on_scan(YR_SCAN_CONTEXT *context, int message, void *data, void *arg)
{
    struct scan *s = arg;
    YR_MATCH match;
    if (message == CALLBACK_MSG_TOO_MANY_MATCHES) {
        s->unfinished = 1;
        return CALLBACK_CONTINUE;
    }
    if (message != CALLBACK_MSG_RULE_MATCHING)
        return CALLBACK_CONTINUE;
    for (size_t i = 1; i < s->pack->count && s->rc == 0; i++) {
        if (s->pack->order[i] == data)
            s->rc =
                add_finding(s, &s->pack->catalogue[i], first_match(context, data, &match) ? &match : NULL);
    }
    return s->rc == 0 ? CALLBACK_CONTINUE : CALLBACK_ABORT;
}

/* libyara's code, after callbacks have filled *s. */
static int scan_set(YR_SCANNER *scanner, struct scan *s)
{
    /* Without NO_TRYCATCH libyara installs signal handlers around the scan, which the worker's filter
     * forbids. */
    yr_scanner_set_flags(scanner,
                         SCAN_FLAGS_FAST_MODE | SCAN_FLAGS_NO_TRYCATCH | SCAN_FLAGS_REPORT_RULES_MATCHING);
    yr_scanner_set_timeout(scanner, SCAN_SECONDS);
    yr_scanner_set_callback(scanner, on_scan, s);
    return yr_scanner_scan_mem(scanner, s->bytes, s->size);
}

int hg_yara_scan(struct hg_yara *pack, const uint8_t *bytes, size_t size, struct hg_findings *out)
{
    struct scan s = {.pack = pack, .bytes = bytes, .size = size, .out = out};
    for (size_t i = 0; i < HG_YARA_SETS && size != 0 && pack->sets[i].scanner != NULL; i++) {
        if (i == HG_YARA_BUILTIN && !hg_yara_filter_look(pack->filter, bytes, size))
            continue;
        int code = scan_set(pack->sets[i].scanner, &s);
        if (s.rc != 0)
            return s.rc;
        if (code == ERROR_INSUFFICIENT_MEMORY)
            return -ENOMEM;
        s.unfinished |= code != ERROR_SUCCESS;
    }
    return s.unfinished ? add_finding(&s, &pack->catalogue[0], NULL) : 0;
}
