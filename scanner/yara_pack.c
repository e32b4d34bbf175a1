/* SPDX-License-Identifier: Apache-2.0 */
/* The pack: its sets of rules and the catalogue that describes each rule. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yara.h>

#include "scanner/rules_blob.h"
#include "scanner/yara_internal.h"

static const struct hg_rule_info unfinished_rule = {
    .id = "HG-YARA-000",
    .title = "the signature scan could not be finished",
    .kind = "engine",
    .description =
        "The bytes make the signature scan run over its time or its number of matches. What was not "
        "looked at cannot be called clean.",
    .remedy = "Look at the file by hand, and approve exactly these bytes if they are harmless.",
    .reference = "https://cwe.mitre.org/data/definitions/400.html",
    .example = "a file built of millions of almost-matches",
    .counterexample = "any file that is scanned to its end",
    .cwe = {400},
    .severity = {HG_SEV_HIGH, HG_SEV_HIGH, HG_SEV_HIGH},
    .confidence = HG_CONF_MEDIUM,
};

/* --- the catalogue
 * ------------------------------------------------------------------------------------------- */

static int rule_line(const struct hg_yara_loader *l, const YR_RULE *rule)
{
    char head[160];
    (void)snprintf(head, sizeof head, "rule %s", rule->identifier);
    for (size_t i = 0; i < l->count; i++) {
        if (strcmp(l->sources[i].path, rule->ns->name) != 0)
            continue;
        int line = 1;
        const char *at = strstr(l->sources[i].text, head);
        for (const char *p = l->sources[i].text; at != NULL && p < at; p++)
            line += *p == '\n';
        return line;
    }
    return 0;
}

static int meta_error(const struct hg_yara_loader *l, const YR_RULE *rule, const char *what)
{
    return hg_error_set(l->err, -EINVAL, "%s:%d: rule %s: %s", rule->ns->name, rule_line(l, rule),
                        rule->identifier, what);
}

/* "CWE-78, CWE-94" */
static int parse_cwe(const char *text, uint16_t out[HG_CWE_MAX])
{
    for (size_t n = 0; n < HG_CWE_MAX; n++) {
        char *end;
        if (strncmp(text, "CWE-", 4) != 0 || text[4] < '0' || text[4] > '9')
            return -EINVAL;
        unsigned long value = strtoul(text + 4, &end, 10);
        if (value == 0 || value > UINT16_MAX)
            return -EINVAL;
        out[n] = (uint16_t)value;
        if (*end == '\0')
            return 0;
        if (end[0] != ',' || end[1] != ' ')
            return -EINVAL;
        text = end + 2;
    }
    return -EINVAL;
}

static const char *meta_text(const YR_RULE *rule, const char *name)
{
    YR_META *meta;
    yr_rule_metas_foreach(rule, meta)
    {
        if (meta->type == META_TYPE_STRING && strcmp(meta->identifier, name) == 0)
            return meta->string[0] != '\0' ? meta->string : NULL;
    }
    return NULL;
}

static int describe(const struct hg_yara_loader *l, const YR_RULE *rule, struct hg_rule_info *info)
{
    const struct {
        const char *name, **into;
    } texts[] = {
        {"id", &info->id},
        {"title", &info->title},
        {"description", &info->description},
        {"remedy", &info->remedy},
        {"reference", &info->reference},
        {"example", &info->example},
        {"counterexample", &info->counterexample},
    };
    char what[64];
    info->kind = "yara";
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        *texts[i].into = meta_text(rule, texts[i].name);
        (void)snprintf(what, sizeof what, "meta %s is missing", texts[i].name);
        if (*texts[i].into == NULL)
            return meta_error(l, rule, what);
    }
    const char *cwe = meta_text(rule, "cwe"), *severity = meta_text(rule, "severity"),
               *confidence = meta_text(rule, "confidence");
    if (cwe == NULL || parse_cwe(cwe, info->cwe) != 0)
        return meta_error(l, rule, "meta cwe must be like \"CWE-78, CWE-94\", at most four");
    if (severity == NULL || hg_severity_parse(severity, &info->severity[0]) != 0 ||
        info->severity[0] == HG_SEV_NONE)
        return meta_error(l, rule, "meta severity must be low, medium, high or critical");
    info->severity[HG_REACH_CALL] = info->severity[HG_REACH_LOAD] = info->severity[HG_REACH_TEXT];
    if (confidence == NULL || hg_confidence_parse(confidence, &info->confidence) != 0)
        return meta_error(l, rule, "meta confidence must be low, medium or high");
    return 0;
}

static int by_id(const struct hg_rule_info *a, const struct hg_rule_info *b)
{
    return a->id == NULL || b->id == NULL ? -1 : strcmp(a->id, b->id);
}

/* Insertion keeps both arrays in order of id: a few hundred rules, once. */
static int insert(const struct hg_yara_loader *l, const YR_RULE *rule, const struct hg_rule_info *info)
{
    struct hg_yara *p = l->pack;
    size_t at = p->count;
    while (at > 0 && by_id(&p->catalogue[at - 1], info) > 0)
        at--;
    if (at > 0 && by_id(&p->catalogue[at - 1], info) == 0)
        return meta_error(l, rule, "its id belongs to another rule");
    memmove(&p->catalogue[at + 1], &p->catalogue[at], (p->count - at) * sizeof *p->catalogue);
    memmove(&p->order[at + 1], &p->order[at], (p->count - at) * sizeof(const YR_RULE *));
    p->catalogue[at] = *info;
    p->order[at] = rule;
    p->count++;
    return 0;
}

static size_t count_rules(const struct hg_yara *p)
{
    const YR_RULE *rule;
    size_t n = 1;
    for (size_t i = 0; i < HG_YARA_SETS && p->sets[i].rules != NULL; i++)
        yr_rules_foreach(p->sets[i].rules, rule) n++;
    return n;
}

static int build_catalogue(const struct hg_yara_loader *l)
{
    struct hg_yara *p = l->pack;
    const YR_RULE *rule;
    size_t n = count_rules(p);
    p->catalogue = calloc(n, sizeof *p->catalogue);
    p->order = calloc(n, sizeof(const YR_RULE *));
    if (p->catalogue == NULL || p->order == NULL)
        return hg_error_set(l->err, -ENOMEM, "out of memory for rules");
    int rc = insert(l, NULL, &unfinished_rule);
    for (size_t i = 0; i < HG_YARA_SETS && p->sets[i].rules != NULL; i++) {
        yr_rules_foreach(p->sets[i].rules, rule)
        {
            struct hg_rule_info info = {0};
            if (rc == 0 && !RULE_IS_PRIVATE(rule)) {
                rc = describe(l, rule, &info);
                if (rc == 0)
                    rc = insert(l, rule, &info);
            }
        }
    }
    return rc;
}

static int load_all(struct hg_yara_loader *l, const void *compiled, size_t size, const char *extra_dir)
{
    struct hg_yara *p = l->pack;
    if (yr_initialize() != ERROR_SUCCESS)
        return hg_error_set(l->err, -ENOMEM, "libyara does not start");
    p->initialised = 1;
    int rc = hg_yara_load_builtin(l, compiled, size);
    if (rc == 0 && (rc = hg_yara_filter_new(p->sets[HG_YARA_BUILTIN].rules, &p->filter)) != 0)
        (void)hg_error_set(l->err, rc, "built-in rules: a string without three fixed bytes");
    if (rc == 0 && extra_dir != NULL)
        rc = hg_yara_load_folder(l, extra_dir);
    if (rc == 0)
        rc = build_catalogue(l);
    for (size_t i = 0; i < HG_YARA_SETS && rc == 0 && p->sets[i].rules != NULL; i++) {
        if (yr_scanner_create(p->sets[i].rules, &p->sets[i].scanner) != ERROR_SUCCESS)
            rc = hg_error_set(l->err, -ENOMEM, "out of memory for rules");
    }
    return rc;
}

int hg_yara_open(const void *compiled, size_t size, const char *extra_dir, struct hg_yara **out,
                 struct hg_error *err)
{
    struct hg_yara *pack = calloc(1, sizeof *pack);
    struct hg_yara_loader *l = calloc(1, sizeof *l);
    int rc = -ENOMEM;
    if (pack == NULL || l == NULL) {
        (void)hg_error_set(err, rc, "out of memory for rules");
    } else {
        l->pack = pack;
        l->err = err;
        rc = load_all(l, compiled, size, extra_dir);
        hg_yara_load_end(l);
    }
    free(l);
    if (rc != 0)
        hg_yara_free(pack);
    else
        *out = pack;
    return rc;
}

int hg_yara_new(const char *extra_dir, struct hg_yara **out, struct hg_error *err)
{
    size_t size;
    const void *compiled = hg_rules_compiled(&size);
    return hg_yara_open(compiled, size, extra_dir, out, err);
}

void hg_yara_free(struct hg_yara *pack)
{
    if (pack == NULL)
        return;
    for (size_t i = 0; i < HG_YARA_SETS; i++) {
        if (pack->sets[i].scanner != NULL)
            yr_scanner_destroy(pack->sets[i].scanner);
        if (pack->sets[i].rules != NULL)
            (void)yr_rules_destroy(pack->sets[i].rules);
    }
    hg_yara_filter_free(pack->filter);
    if (pack->initialised)
        (void)yr_finalize();
    free(pack->catalogue);
    free(pack->order);
    free(pack);
}

const struct hg_rule_info *hg_yara_rule(const struct hg_yara *pack, size_t index)
{
    return index < pack->count ? &pack->catalogue[index] : NULL;
}
