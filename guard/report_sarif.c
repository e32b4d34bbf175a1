/* SPDX-License-Identifier: Apache-2.0 */
/* SARIF 2.1.0 (docs.oasis-open.org/sarif), with the properties that code-scanning pages read: rule tags
 * external/cwe/cwe-NNN and security-severity. */
#include <cjson/cJSON.h>
#include <ctype.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "guard/report.h"
#include "guard/report_tree.h"

static const struct {
    const char *level, *score; /* score: CVSS-like, as code-scanning pages sort by */
} levels[] = {
    [HG_SEV_NONE] = {"none", "0.0"},      [HG_SEV_LOW] = {"note", "2.0"},
    [HG_SEV_MEDIUM] = {"warning", "5.5"}, [HG_SEV_HIGH] = {"error", "8.0"},
    [HG_SEV_CRITICAL] = {"error", "9.5"},
};

/* RFC 3986: unreserved characters and '/' stand for themselves. Absolute paths become file: URIs, relative
 * ones stay relative. malloc'ed, or NULL. */
static char *uri_of(const char *path)
{
    static const char hex[] = "0123456789ABCDEF";
    while (path[0] == '.' && path[1] == '/') {
        path += 2;
        while (path[0] == '/')
            path++;
    }
    char *uri = malloc(strlen(path) * 3 + sizeof "file://"), *to = uri;
    if (uri == NULL)
        return NULL;
    if (path[0] == '/')
        to = stpcpy(to, "file://");
    for (const unsigned char *p = (const unsigned char *)path; *p != '\0'; p++) {
        if (isascii(*p) && (isalnum(*p) || strchr("-._~/", *p) != NULL)) {
            *to++ = (char)*p;
        } else {
            *to++ = '%';
            *to++ = hex[*p >> 4];
            *to++ = hex[*p & 15];
        }
    }
    *to = '\0';
    return uri;
}

static void put_location(struct hg_tree *t, cJSON *parent, const char *path)
{
    char *uri = uri_of(path);
    cJSON *o = hg_tree_object(t, parent, "artifactLocation");
    if (uri == NULL)
        t->failed = 1;
    else
        hg_tree_string(t, o, "uri", uri);
    free(uri);
}

static void put_message(struct hg_tree *t, cJSON *parent, const char *key, const char *text)
{
    hg_tree_string(t, hg_tree_object(t, parent, key), "text", text);
}

static enum hg_severity gravest(const struct hg_rule_info *r)
{
    enum hg_severity s = r->severity[0];
    for (size_t i = 1; i < sizeof r->severity / sizeof *r->severity; i++)
        s = r->severity[i] > s ? r->severity[i] : s;
    return s;
}

static void put_rule(struct hg_tree *t, cJSON *list, const struct hg_rule_info *r)
{
    char tag[40];
    cJSON *o = hg_tree_object(t, list, NULL);
    hg_tree_string(t, o, "id", r->id);
    put_message(t, o, "shortDescription", r->title);
    put_message(t, o, "fullDescription", r->description != NULL ? r->description : r->title);
    if (r->remedy != NULL)
        put_message(t, o, "help", r->remedy);
    if (r->reference != NULL && strncmp(r->reference, "https://", 8) == 0)
        hg_tree_string(t, o, "helpUri", r->reference);
    hg_tree_string(t, hg_tree_object(t, o, "defaultConfiguration"), "level", levels[gravest(r)].level);
    cJSON *properties = hg_tree_object(t, o, "properties");
    cJSON *tags = hg_tree_array(t, properties, "tags");
    hg_tree_string(t, tags, NULL, "security");
    for (size_t i = 0; i < HG_CWE_MAX && r->cwe[i] != 0; i++) {
        (void)snprintf(tag, sizeof tag, "external/cwe/cwe-%03u", r->cwe[i]);
        hg_tree_string(t, tags, NULL, tag);
    }
    hg_tree_string(t, properties, "precision", hg_confidence_name(r->confidence));
    hg_tree_string(t, properties, "security-severity", levels[gravest(r)].score);
}

/* Stays the same when lines above the finding come and go. */
static void put_fingerprint(struct hg_tree *t, cJSON *result, const struct hg_scan_file *file,
                            const struct hg_finding *f)
{
    const char *parts[] = {f->rule, file->path, f->layers != NULL ? f->layers : "",
                           f->evidence != NULL ? f->evidence : f->message};
    unsigned char digest[EVP_MAX_MD_SIZE];
    char text[33];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    int ok = md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; ok && i < sizeof parts / sizeof *parts; i++)
        ok = EVP_DigestUpdate(md, parts[i], strlen(parts[i]) + 1) == 1;
    ok = ok && EVP_DigestFinal_ex(md, digest, NULL) == 1;
    EVP_MD_CTX_free(md);
    if (!ok) {
        t->failed = 1;
        return;
    }
    for (size_t i = 0; i < 16; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
    hg_tree_string(t, hg_tree_object(t, result, "partialFingerprints"), "hubguardFinding/v1", text);
}

static int rule_index(const struct hg_engine *engine, const char *id)
{
    const struct hg_rule_info *r;
    for (size_t i = 0; (r = hg_report_rule(engine, i)) != NULL; i++) {
        if (strcmp(r->id, id) == 0)
            return (int)i;
    }
    return -1;
}

static void put_result(struct hg_tree *t, cJSON *list, const struct hg_report *report,
                       const struct hg_scan_file *file, const struct hg_finding *f)
{
    cJSON *o = hg_tree_object(t, list, NULL);
    int index = rule_index(report->engine, f->rule);
    hg_tree_string(t, o, "ruleId", f->rule);
    if (index >= 0)
        hg_tree_number(t, o, "ruleIndex", index);
    hg_tree_string(t, o, "level", levels[f->severity].level);
    put_message(t, o, "message", f->message);
    cJSON *location =
        hg_tree_object(t, hg_tree_object(t, hg_tree_array(t, o, "locations"), NULL), "physicalLocation");
    put_location(t, location, file->path);
    /* Lines only: columns are bytes here, and SARIF counts UTF-16 units or code points. */
    if (f->line != 0)
        hg_tree_number(t, hg_tree_object(t, location, "region"), "startLine", f->line);
    put_fingerprint(t, o, file, f);
    cJSON *properties = hg_tree_object(t, o, "properties");
    hg_tree_string(t, properties, "severity", hg_severity_name(f->severity));
    hg_tree_string(t, properties, "confidence", hg_confidence_name(f->confidence));
    hg_tree_string(t, properties, "reach", hg_reach_name(f->reach));
    if (f->evidence != NULL)
        hg_tree_string(t, properties, "evidence", f->evidence);
    if (f->layers != NULL)
        hg_tree_string(t, properties, "layers", f->layers);
}

/* Files that could not be read stand here; their absence from the results must not look like a clean scan. */
static void put_invocation(struct hg_tree *t, cJSON *run, const struct hg_report *report)
{
    struct hg_report_totals n;
    hg_report_totals(report, &n);
    cJSON *o = hg_tree_object(t, hg_tree_array(t, run, "invocations"), NULL);
    hg_tree_put(t, o, "executionSuccessful", cJSON_CreateBool(n.by_verdict[HG_SCANNED_ERROR] == 0));
    cJSON *list = hg_tree_array(t, o, "toolExecutionNotifications");
    for (size_t i = 0; i < report->list->count; i++) {
        const struct hg_scan_file *file = &report->list->items[i];
        if (file->error == NULL)
            continue;
        cJSON *note = hg_tree_object(t, list, NULL);
        hg_tree_string(t, note, "level", "error");
        put_message(t, note, "message", file->error);
        cJSON *at = hg_tree_object(t, hg_tree_array(t, note, "locations"), NULL);
        put_location(t, hg_tree_object(t, at, "physicalLocation"), file->path);
    }
    for (size_t i = 0; i < report->list->note_count; i++) {
        cJSON *note = hg_tree_object(t, list, NULL);
        hg_tree_string(t, note, "level", "note");
        put_message(t, note, "message", report->list->notes[i]);
    }
}

int hg_report_sarif(const struct hg_report *report, FILE *out)
{
    struct hg_tree t = {0};
    const struct hg_rule_info *r;
    cJSON *root = cJSON_CreateObject();
    hg_tree_string(&t, root, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    hg_tree_string(&t, root, "version", "2.1.0");
    cJSON *run = hg_tree_object(&t, hg_tree_array(&t, root, "runs"), NULL);
    cJSON *driver = hg_tree_object(&t, hg_tree_object(&t, run, "tool"), "driver");
    hg_tree_string(&t, driver, "name", "hubguard");
    hg_tree_string(&t, driver, "version", HG_VERSION);
    cJSON *rules = hg_tree_array(&t, driver, "rules");
    for (size_t i = 0; (r = hg_report_rule(report->engine, i)) != NULL && !t.failed; i++)
        put_rule(&t, rules, r);
    put_invocation(&t, run, report);
    cJSON *results = hg_tree_array(&t, run, "results");
    for (size_t i = 0; i < report->list->count && !t.failed; i++) {
        const struct hg_scan_file *file = &report->list->items[i];
        for (size_t k = 0; k < file->findings.count && !t.failed; k++)
            put_result(&t, results, report, file, &file->findings.items[k]);
    }
    return hg_tree_write(&t, root, out);
}
