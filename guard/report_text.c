/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "guard/hub_findings.h"
#include "guard/report.h"
#include "guard/scan_run.h"
#include "guard/text.h"

#define LINE_MAX_BYTES 4096

void hg_report_totals(const struct hg_report *report, struct hg_report_totals *out)
{
    *out = (struct hg_report_totals){.files = report->list->count};
    for (size_t i = 0; i < report->list->count; i++) {
        const struct hg_scan_file *f = &report->list->items[i];
        out->by_verdict[f->verdict]++;
        out->findings += f->findings.count;
        out->dropped += f->findings.dropped;
        for (size_t k = 0; k < f->findings.count; k++)
            out->by_severity[f->findings.items[k].severity]++;
    }
}

const struct hg_rule_info *hg_report_rule(const struct hg_engine *engine, size_t index)
{
    size_t own, hubs, i = 0;
    const struct hg_rule_info *rule, *scan = hg_scan_rules(&own), *hub = hg_hub_rules(&hubs);
    while ((rule = hg_engine_rule(engine, i)) != NULL) {
        if (i == index)
            return rule;
        i++;
    }
    index -= i;
    if (index < hubs)
        return &hub[index];
    index -= hubs;
    return index < own ? &scan[index] : NULL;
}

static void put(FILE *out, const char *text)
{
    char clean[LINE_MAX_BYTES];
    (void)hg_text_escape(text, strlen(text), true, clean, sizeof clean);
    (void)fputs(clean, out);
}

static void put_finding(FILE *out, const struct hg_finding *f)
{
    (void)fprintf(out, "  %-8s  %s", hg_severity_name(f->severity), f->rule);
    if (f->line != 0)
        (void)fprintf(out, "  line %u", f->line);
    (void)fputs("  ", out);
    put(out, f->message);
    for (size_t i = 0; i < HG_CWE_MAX && f->cwe[i] != 0; i++)
        (void)fprintf(out, "%sCWE-%u", i == 0 ? " [" : " ", f->cwe[i]);
    (void)fprintf(out, "%s%s, confidence %s)\n", f->cwe[0] != 0 ? "] (reach " : " (reach ",
                  hg_reach_name(f->reach), hg_confidence_name(f->confidence));
    if (f->layers != NULL) {
        (void)fputs("            in ", out);
        put(out, f->layers);
        (void)fputc('\n', out);
    }
    if (f->evidence != NULL && f->evidence[0] != '\0') {
        (void)fputs("            ", out);
        put(out, f->evidence);
        (void)fputc('\n', out);
    }
}

int hg_report_text(const struct hg_report *report, FILE *out)
{
    struct hg_report_totals t;
    hg_report_totals(report, &t);
    for (size_t i = 0; i < report->list->count; i++) {
        const struct hg_scan_file *f = &report->list->items[i];
        if (f->findings.count == 0 && f->error == NULL)
            continue;
        put(out, f->path);
        (void)fprintf(out, ": %s%s%s\n", hg_scan_verdict_name(f->verdict), f->error != NULL ? ": " : "",
                      f->error != NULL ? f->error : "");
        for (size_t k = 0; k < f->findings.count; k++)
            put_finding(out, &f->findings.items[k]);
        if (f->findings.dropped != 0)
            (void)fprintf(out, "  and %zu more findings, none graver\n", f->findings.dropped);
    }
    for (size_t i = 0; i < report->list->note_count; i++)
        (void)fprintf(out, "note: %s\n", report->list->notes[i]);
    (void)fprintf(out, "%zu file%s scanned: %zu blocked, %zu approved, %zu with warnings, %zu not readable; ",
                  t.files, t.files == 1 ? "" : "s", t.by_verdict[HG_SCANNED_BLOCK],
                  t.by_verdict[HG_SCANNED_APPROVED], t.by_verdict[HG_SCANNED_WARN],
                  t.by_verdict[HG_SCANNED_ERROR]);
    (void)fprintf(out, "%zu finding%s (%zu critical, %zu high, %zu medium, %zu low)\n", t.findings,
                  t.findings == 1 ? "" : "s", t.by_severity[HG_SEV_CRITICAL], t.by_severity[HG_SEV_HIGH],
                  t.by_severity[HG_SEV_MEDIUM], t.by_severity[HG_SEV_LOW]);
    return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}
