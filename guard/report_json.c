/* SPDX-License-Identifier: Apache-2.0 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guard/report.h"
#include "guard/report_tree.h"
#include "guard/text.h"

/* cJSON passes bytes through; JSON must be UTF-8. */
cJSON *hg_tree_text(const char *text)
{
    size_t n = strlen(text), room = n * 4 + 1;
    char *clean = malloc(room);
    if (clean == NULL)
        return NULL;
    (void)hg_text_escape(text, n, false, clean, room);
    cJSON *node = cJSON_CreateString(clean);
    free(clean);
    return node;
}

void hg_tree_put(struct hg_tree *t, cJSON *parent, const char *key, cJSON *child)
{
    int ok = child != NULL && parent != NULL &&
             (key != NULL ? cJSON_AddItemToObject(parent, key, child) : cJSON_AddItemToArray(parent, child));
    if (!ok) {
        cJSON_Delete(child);
        t->failed = 1;
    }
}

cJSON *hg_tree_object(struct hg_tree *t, cJSON *parent, const char *key)
{
    cJSON *node = cJSON_CreateObject();
    hg_tree_put(t, parent, key, node);
    return t->failed ? NULL : node;
}

cJSON *hg_tree_array(struct hg_tree *t, cJSON *parent, const char *key)
{
    cJSON *node = cJSON_CreateArray();
    hg_tree_put(t, parent, key, node);
    return t->failed ? NULL : node;
}

void hg_tree_string(struct hg_tree *t, cJSON *parent, const char *key, const char *text)
{
    hg_tree_put(t, parent, key, hg_tree_text(text));
}

void hg_tree_number(struct hg_tree *t, cJSON *parent, const char *key, double value)
{
    hg_tree_put(t, parent, key, cJSON_CreateNumber(value));
}

int hg_tree_write(struct hg_tree *t, cJSON *root, FILE *out)
{
    char *text = t->failed || root == NULL ? NULL : cJSON_Print(root);
    cJSON_Delete(root);
    if (text == NULL)
        return -ENOMEM;
    (void)fputs(text, out);
    (void)fputc('\n', out);
    cJSON_free(text);
    return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}

static void put_finding(struct hg_tree *t, cJSON *list, const struct hg_scan_file *file,
                        const struct hg_finding *f)
{
    char cwe[16];
    cJSON *o = hg_tree_object(t, list, NULL);
    hg_tree_string(t, o, "rule", f->rule);
    cJSON *cwes = hg_tree_array(t, o, "cwe");
    for (size_t i = 0; i < HG_CWE_MAX && f->cwe[i] != 0; i++) {
        (void)snprintf(cwe, sizeof cwe, "CWE-%u", f->cwe[i]);
        hg_tree_string(t, cwes, NULL, cwe);
    }
    hg_tree_string(t, o, "severity", hg_severity_name(f->severity));
    hg_tree_string(t, o, "confidence", hg_confidence_name(f->confidence));
    hg_tree_string(t, o, "reach", hg_reach_name(f->reach));
    hg_tree_string(t, o, "file", file->path);
    hg_tree_number(t, o, "line", f->line);
    hg_tree_number(t, o, "column", f->column);
    hg_tree_string(t, o, "message", f->message);
    if (f->evidence != NULL)
        hg_tree_string(t, o, "evidence", f->evidence);
    if (f->layers != NULL)
        hg_tree_string(t, o, "layers", f->layers);
}

static void put_file(struct hg_tree *t, cJSON *list, const struct hg_scan_file *file)
{
    cJSON *o = hg_tree_object(t, list, NULL);
    hg_tree_string(t, o, "file", file->path);
    if (file->sha256[0] != '\0')
        hg_tree_string(t, o, "sha256", file->sha256);
    hg_tree_number(t, o, "size", (double)file->size);
    hg_tree_string(t, o, "verdict", hg_scan_verdict_name(file->verdict));
    hg_tree_number(t, o, "findings", (double)file->findings.count);
    if (file->findings.dropped != 0)
        hg_tree_number(t, o, "dropped", (double)file->findings.dropped);
    if (file->error != NULL)
        hg_tree_string(t, o, "error", file->error);
}

static void put_summary(struct hg_tree *t, cJSON *root, const struct hg_report *report)
{
    struct hg_report_totals n;
    hg_report_totals(report, &n);
    cJSON *o = hg_tree_object(t, root, "summary");
    hg_tree_number(t, o, "files", (double)n.files);
    hg_tree_number(t, o, "findings", (double)n.findings);
    hg_tree_number(t, o, "dropped", (double)n.dropped);
    cJSON *severities = hg_tree_object(t, o, "severity");
    for (int s = HG_SEV_CRITICAL; s >= HG_SEV_LOW; s--)
        hg_tree_number(t, severities, hg_severity_name((enum hg_severity)s), (double)n.by_severity[s]);
    cJSON *verdicts = hg_tree_object(t, o, "verdict");
    for (int v = HG_SCANNED_PASS; v <= HG_SCANNED_ERROR; v++)
        hg_tree_number(t, verdicts, hg_scan_verdict_name((enum hg_scan_verdict)v), (double)n.by_verdict[v]);
    hg_tree_string(t, o, "block_at",
                   report->policy->block_at == HG_SEV_NONE ? "never"
                                                           : hg_severity_name(report->policy->block_at));
    hg_tree_string(t, o, "ruleset", hg_engine_ruleset(report->engine));
    cJSON *notes = hg_tree_array(t, o, "notes");
    for (size_t i = 0; i < report->list->note_count; i++)
        hg_tree_string(t, notes, NULL, report->list->notes[i]);
}

int hg_report_json(const struct hg_report *report, FILE *out)
{
    struct hg_tree t = {0};
    cJSON *root = cJSON_CreateObject();
    hg_tree_number(&t, root, "version", 1);
    cJSON *findings = hg_tree_array(&t, root, "findings"), *files = hg_tree_array(&t, root, "files");
    for (size_t i = 0; i < report->list->count && !t.failed; i++) {
        const struct hg_scan_file *file = &report->list->items[i];
        for (size_t k = 0; k < file->findings.count && !t.failed; k++)
            put_finding(&t, findings, file, &file->findings.items[k]);
        put_file(&t, files, file);
    }
    put_summary(&t, root, report);
    return hg_tree_write(&t, root, out);
}
