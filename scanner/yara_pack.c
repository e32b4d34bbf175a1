/* SPDX-License-Identifier: Apache-2.0 */
#include "scanner/yara_pack.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yara.h>

#include "scanner/printable.h"
#include "scanner/rules_blob.h"

#define SCAN_SECONDS  4
#define EVIDENCE_MAX  120
#define SOURCES_MAX   256
#define RULE_FILE_MAX (4u << 20)

struct source {
    char *path; /* as messages show it, and the YARA namespace */
    char *text; /* NUL-terminated */
};

/* Rules that were compiled together, and what they are scanned with. */
struct set {
    YR_RULES *rules;
    YR_SCANNER *scanner;
};

enum { BUILTIN, EXTRA, SETS };

struct hg_yara {
    struct set sets[SETS];          /* EXTRA is empty without a folder of rules */
    struct hg_rule_info *catalogue; /* in order of id; [0] is the pack's own rule */
    const YR_RULE **order;          /* order[i] is catalogue[i]'s rule; order[0] is NULL */
    size_t count;
    int initialised;
};

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

/* --- reading the rule files
 * ---------------------------------------------------------------------------------- */

struct loader {
    struct hg_yara *pack;
    struct hg_error *err;
    struct source sources[SOURCES_MAX];
    size_t count;
    YR_COMPILER *compiler;
    int failed;
};

static int add_source(struct loader *l, const char *path, const char *text, size_t size)
{
    if (l->count == SOURCES_MAX)
        return hg_error_set(l->err, -EINVAL, "%s: more than %d rule files", path, SOURCES_MAX);
    if (memchr(text, '\0', size) != NULL)
        return hg_error_set(l->err, -EINVAL, "%s: NUL byte in a rule file", path);
    struct source *s = &l->sources[l->count];
    s->path = strdup(path);
    s->text = strndup(text, size);
    l->count++;
    return s->path == NULL || s->text == NULL ? hg_error_set(l->err, -ENOMEM, "%s: out of memory", path) : 0;
}

static int add_builtin(struct loader *l)
{
    struct hg_rules_entry entry;
    size_t cursor = 0;
    int more, rc = 0;
    while (rc == 0 && (more = hg_rules_blob_next(&cursor, &entry)) != 0) {
        if (more < 0)
            return hg_error_set(l->err, more, "built-in rules are damaged: build again");
        if (hg_rules_entry_is(&entry, ".yar"))
            rc = add_source(l, entry.name, entry.text, entry.size);
    }
    return rc;
}

static int add_file(struct loader *l, const char *path)
{
    FILE *f = fopen(path, "re");
    struct stat st;
    if (f == NULL || fstat(fileno(f), &st) != 0) {
        int code = -errno;
        if (f != NULL)
            (void)fclose(f);
        return hg_error_set(l->err, code, "%s: %s", path, strerror(-code));
    }
    if (!S_ISREG(st.st_mode) || st.st_size > RULE_FILE_MAX) {
        (void)fclose(f);
        return hg_error_set(l->err, -EINVAL, "%s: not a rule file of at most %u bytes", path, RULE_FILE_MAX);
    }
    char *text = malloc((size_t)st.st_size + 1);
    int rc;
    if (text == NULL)
        rc = hg_error_set(l->err, -ENOMEM, "%s: out of memory", path);
    else if (fread(text, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
        rc = hg_error_set(l->err, -EIO, "%s: cannot be read", path);
    else
        rc = add_source(l, path, text, (size_t)st.st_size);
    free(text);
    (void)fclose(f);
    return rc;
}

static int is_rule_file(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return n > 4 && strcmp(e->d_name + n - 4, ".yar") == 0;
}

static int add_folder(struct loader *l, const char *dir)
{
    struct dirent **entries;
    int n = scandir(dir, &entries, is_rule_file, alphasort), rc = 0;
    if (n < 0) {
        int code = -errno;
        return hg_error_set(l->err, code, "%s: %s", dir, strerror(-code));
    }
    for (int i = 0; i < n; i++) {
        char *path = NULL;
        if (rc == 0 && asprintf(&path, "%s/%s", dir, entries[i]->d_name) < 0)
            rc = hg_error_set(l->err, -ENOMEM, "%s: out of memory", dir);
        if (rc == 0)
            rc = add_file(l, path);
        free(path);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

/* --- compiling
 * ----------------------------------------------------------------------------------------------- */

static void on_compile(int level, const char *file, int line, const YR_RULE *rule, const char *message,
                       void *arg)
{
    struct loader *l = arg;
    (void)file;
    (void)rule;
    if (level != YARA_ERROR_LEVEL_ERROR || l->failed)
        return;
    l->failed = 1;
    (void)hg_error_set(l->err, -EINVAL, "%s:%d: %s", l->sources[l->count - 1].path, line, message);
}

/* What the folder adds comes after the built-in files in l->sources, and each set has its own. */
static int compile_all(struct loader *l, struct set *set)
{
    size_t total = l->count;
    int rc = 0;
    if (yr_compiler_create(&l->compiler) != ERROR_SUCCESS)
        return hg_error_set(l->err, -ENOMEM, "out of memory for rules");
    yr_compiler_set_callback(l->compiler, on_compile, l);
    yr_compiler_set_include_callback(l->compiler, NULL, NULL, NULL);
    for (l->count = 1; rc == 0 && l->count <= total; l->count++) {
        const struct source *s = &l->sources[l->count - 1];
        /* After an error the compiler must not be used again. */
        if (yr_compiler_add_string(l->compiler, s->text, s->path) != 0)
            rc = l->failed ? -EINVAL : hg_error_set(l->err, -EINVAL, "%s: does not compile", s->path);
    }
    l->count = total;
    if (rc == 0 && yr_compiler_get_rules(l->compiler, &set->rules) != ERROR_SUCCESS)
        rc = hg_error_set(l->err, -ENOMEM, "out of memory for rules");
    yr_compiler_destroy(l->compiler);
    return rc;
}

struct reader {
    const uint8_t *at;
    size_t left;
};

static size_t read_compiled(void *to, size_t size, size_t count, void *arg)
{
    struct reader *r = arg;
    if (size == 0 || count > r->left / size)
        return 0;
    memcpy(to, r->at, size * count);
    r->at += size * count;
    r->left -= size * count;
    return count;
}

/* The rules as the build compiled them, or, when this libyara does not take them, from their texts. */
static int load_builtin(struct loader *l)
{
    struct set *set = &l->pack->sets[BUILTIN];
    struct reader reader = {0};
    reader.at = hg_rules_compiled(&reader.left);
    YR_STREAM stream = {.user_data = &reader, .read = read_compiled};
    if (yr_rules_load_stream(&stream, &set->rules) == ERROR_SUCCESS)
        return 0;
    set->rules = NULL;
    int rc = add_builtin(l);
    return rc != 0 ? rc : compile_all(l, set);
}

static void clear_sources(struct loader *l)
{
    for (size_t i = 0; i < l->count; i++) {
        free(l->sources[i].path);
        free(l->sources[i].text);
    }
    l->count = 0;
}

/* --- the catalogue
 * ------------------------------------------------------------------------------------------- */

static int rule_line(const struct loader *l, const YR_RULE *rule)
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

static int meta_error(const struct loader *l, const YR_RULE *rule, const char *what)
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

static int describe(const struct loader *l, const YR_RULE *rule, struct hg_rule_info *info)
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

/* Insertion keeps both arrays in order of id: a few hundred rules, once. */
static int insert(const struct loader *l, const YR_RULE *rule, const struct hg_rule_info *info)
{
    struct hg_yara *p = l->pack;
    size_t at = p->count;
    while (at > 0 && strcmp(p->catalogue[at - 1].id, info->id) > 0)
        at--;
    if (at > 0 && strcmp(p->catalogue[at - 1].id, info->id) == 0)
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
    for (size_t i = 0; i < SETS && p->sets[i].rules != NULL; i++)
        yr_rules_foreach(p->sets[i].rules, rule) n++;
    return n;
}

static int build_catalogue(const struct loader *l)
{
    struct hg_yara *p = l->pack;
    const YR_RULE *rule;
    size_t n = count_rules(p);
    p->catalogue = calloc(n, sizeof *p->catalogue);
    p->order = calloc(n, sizeof(const YR_RULE *));
    if (p->catalogue == NULL || p->order == NULL)
        return hg_error_set(l->err, -ENOMEM, "out of memory for rules");
    int rc = insert(l, NULL, &unfinished_rule);
    for (size_t i = 0; i < SETS && p->sets[i].rules != NULL; i++) {
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

static int load_all(struct loader *l, const char *extra_dir)
{
    struct hg_yara *p = l->pack;
    if (yr_initialize() != ERROR_SUCCESS)
        return hg_error_set(l->err, -ENOMEM, "libyara does not start");
    p->initialised = 1;
    int rc = load_builtin(l);
    if (rc == 0 && extra_dir != NULL) {
        clear_sources(l);
        rc = add_folder(l, extra_dir);
        if (rc == 0 && l->count != 0)
            rc = compile_all(l, &p->sets[EXTRA]);
    }
    if (rc == 0)
        rc = build_catalogue(l);
    for (size_t i = 0; i < SETS && rc == 0 && p->sets[i].rules != NULL; i++) {
        if (yr_scanner_create(p->sets[i].rules, &p->sets[i].scanner) != ERROR_SUCCESS)
            rc = hg_error_set(l->err, -ENOMEM, "out of memory for rules");
    }
    return rc;
}

int hg_yara_new(const char *extra_dir, struct hg_yara **out, struct hg_error *err)
{
    struct hg_yara *pack = calloc(1, sizeof *pack);
    struct loader *l = calloc(1, sizeof *l);
    int rc = -ENOMEM;
    if (pack == NULL || l == NULL) {
        (void)hg_error_set(err, rc, "out of memory for rules");
    } else {
        l->pack = pack;
        l->err = err;
        rc = load_all(l, extra_dir);
        clear_sources(l);
    }
    free(l);
    if (rc != 0)
        hg_yara_free(pack);
    else
        *out = pack;
    return rc;
}

void hg_yara_free(struct hg_yara *pack)
{
    if (pack == NULL)
        return;
    for (size_t i = 0; i < SETS; i++) {
        if (pack->sets[i].scanner != NULL)
            yr_scanner_destroy(pack->sets[i].scanner);
        if (pack->sets[i].rules != NULL)
            (void)yr_rules_destroy(pack->sets[i].rules);
    }
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

/* --- scanning
 * ------------------------------------------------------------------------------------------------ */

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
        int surrounding = strncmp(string->identifier, "$ctx_", 5) == 0;
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
    for (size_t i = 0; i < SETS && size != 0 && pack->sets[i].scanner != NULL; i++) {
        int code = scan_set(pack->sets[i].scanner, &s);
        if (s.rc != 0)
            return s.rc;
        if (code == ERROR_INSUFFICIENT_MEMORY)
            return -ENOMEM;
        s.unfinished |= code != ERROR_SUCCESS;
    }
    return s.unfinished ? add_finding(&s, &unfinished_rule, NULL) : 0;
}
