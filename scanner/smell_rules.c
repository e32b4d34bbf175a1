/* SPDX-License-Identifier: Apache-2.0 */
/* Smell rules from INI text. */
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/smell_rules.h"

static const char *const key_names[K_COUNT] = {[K_TITLE] = "title",
                                               [K_DESCRIPTION] = "description",
                                               [K_REMEDY] = "remedy",
                                               [K_REFERENCE] = "reference",
                                               [K_EXAMPLE] = "example",
                                               [K_COUNTEREXAMPLE] = "counterexample",
                                               [K_ID] = "",
                                               [K_CWE] = "cwe",
                                               [K_SEV_LOAD] = "severity.load",
                                               [K_SEV_CALL] = "severity.call",
                                               [K_CONFIDENCE] = "confidence",
                                               [K_MATCH] = "match",
                                               [K_MATCH_LOAD] = "match.load",
                                               [K_MATCH_STORE] = "match.store",
                                               [K_MATCH_IMPORT] = "match.import",
                                               [K_MATCH_ESCAPE] = "match.escape",
                                               [K_WHEN] = "when"};
#define KEYS_RULE   0xFFFFFFFFU
#define KEYS_SOURCE ((1U << K_MATCH) | (1U << K_MATCH_LOAD) | (1U << K_WHEN))
#define KEYS_NEEDED                                                                                          \
    ((1U << K_TITLE) | (1U << K_DESCRIPTION) | (1U << K_REMEDY) | (1U << K_REFERENCE) | (1U << K_EXAMPLE) |  \
     (1U << K_COUNTEREXAMPLE) | (1U << K_CWE) | (1U << K_SEV_LOAD) | (1U << K_SEV_CALL) |                    \
     (1U << K_CONFIDENCE))
#define KEYS_MATCH                                                                                           \
    ((1U << K_MATCH) | (1U << K_MATCH_LOAD) | (1U << K_MATCH_STORE) | (1U << K_MATCH_IMPORT) |               \
     (1U << K_MATCH_ESCAPE))

int sm_loader_fail(struct sm_loader *l, unsigned line, const char *what, const char *word, const char *near)
{
    if (l->rc != 0)
        return 0;
    l->rc = hg_error_set(l->err, -EINVAL, "%s:%u: %s%s%.60s%s%s%s%s", l->name, line, what,
                         word == NULL ? "" : " \"", word == NULL ? "" : word, word == NULL ? "" : "\"",
                         near == NULL ? "" : " (did you mean \"", near == NULL ? "" : near,
                         near == NULL ? "" : "\"?)");
    return 0;
}

static unsigned distance(const char *a, const char *b)
{
    unsigned row[64];
    size_t n = strlen(b);
    if (n > 62)
        return 99;
    for (unsigned j = 0; j <= n; j++)
        row[j] = j;
    for (unsigned i = 1; a[i - 1] != '\0'; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            unsigned cost = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            unsigned step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = cost < step ? cost : step;
        }
    }
    return row[n];
}

const char *sm_nearest(const char *const *names, size_t count, const char *text)
{
    const char *best = NULL;
    unsigned least = 4;
    for (size_t i = 0; i < count && strlen(text) < 60; i++) {
        unsigned d = names[i] == NULL || names[i][0] == '\0' ? 99 : distance(text, names[i]);
        if (d < least) {
            least = d;
            best = names[i];
        }
    }
    return best;
}

char *sm_next_word(char **at, const char *separators)
{
    while (**at != '\0') {
        size_t n = strcspn(*at, separators);
        char *word = *at, *end = word + n;
        *at = *end == '\0' ? end : end + 1;
        while (end > word && isspace((unsigned char)end[-1]))
            end--;
        *end = '\0';
        while (isspace((unsigned char)*word))
            word++;
        if (*word != '\0')
            return word;
    }
    return NULL;
}

static char *value_of(struct sm_loader *l, enum sm_rule_key key)
{
    return l->values[key - K_TEXTS];
}

static int finish_cwe(struct sm_loader *l)
{
    char *at = value_of(l, K_CWE);
    size_t n = 0;
    for (char *word; (word = sm_next_word(&at, ",\n")) != NULL; n++) {
        char *end;
        unsigned long number = strncmp(word, "CWE-", 4) == 0 ? strtoul(word + 4, &end, 10) : 0;
        if (number == 0 || number > UINT16_MAX || *end != '\0' || n == HG_CWE_MAX)
            return sm_loader_fail(l, l->key_line[K_CWE], "not a CWE (CWE-78):", word, NULL), -EINVAL;
        l->rule.info.cwe[n] = (uint16_t)number;
    }
    return n == 0 ? (sm_loader_fail(l, l->key_line[K_CWE], "cwe is empty", NULL, NULL), -EINVAL) : 0;
}

static int finish_grades(struct sm_loader *l)
{
    static const char *const severities[] = {"low", "medium", "high", "critical"};
    struct hg_rule_info *info = &l->rule.info;
    const enum sm_rule_key keys[] = {K_SEV_CALL, K_SEV_LOAD};
    for (size_t i = 0; i < 2; i++) {
        if (hg_severity_parse(value_of(l, keys[i]), &info->severity[HG_REACH_CALL + i]) != 0)
            return sm_loader_fail(l, l->key_line[keys[i]], "unknown severity", value_of(l, keys[i]),
                                  sm_nearest(severities, 4, value_of(l, keys[i]))),
                   -EINVAL;
    }
    info->severity[HG_REACH_TEXT] = info->severity[HG_REACH_CALL];
    if (hg_confidence_parse(value_of(l, K_CONFIDENCE), &info->confidence) != 0)
        return sm_loader_fail(l, l->key_line[K_CONFIDENCE], "unknown confidence", value_of(l, K_CONFIDENCE),
                              sm_nearest(severities, 3, value_of(l, K_CONFIDENCE))),
               -EINVAL;
    return 0;
}

static int finish_matches(struct sm_loader *l)
{
    int rc = 0;
    for (enum sm_rule_key k = K_MATCH; rc == 0 && k <= K_MATCH_ESCAPE; k++) {
        char *at = value_of(l, k);
        for (char *word; rc == 0 && (word = sm_next_word(&at, ",\n")) != NULL;)
            rc = sm_pattern_add(l, k, word, strlen(word));
    }
    char *at = value_of(l, K_WHEN);
    for (char *word; rc == 0 && (word = sm_next_word(&at, "\n")) != NULL;)
        rc = sm_cond_add(l, word);
    return rc;
}

static int rule_keep(struct sm_loader *l)
{
    struct hg_smell_rules *r = l->rules;
    if (sm_grow((void **)&r->rules, &r->rule_capacity, r->rule_count, sizeof *r->rules) != 0)
        return -ENOMEM;
    r->rules[r->rule_count++] = l->rule;
    memset(&l->rule, 0, sizeof l->rule);
    return 0;
}

static void rule_clear(struct sm_rule *rule)
{
    for (size_t i = 0; i < K_TEXTS; i++)
        free(rule->texts[i]);
    for (uint32_t i = 0; i < rule->cond_count; i++) {
        for (size_t g = 0; rule->conds[i].globs != NULL && rule->conds[i].globs[g] != NULL; g++)
            free(rule->conds[i].globs[g]);
        free(rule->conds[i].globs);
    }
    free(rule->conds);
    memset(rule, 0, sizeof *rule);
}

static int finish_rule(struct sm_loader *l)
{
    struct sm_rule *rule = &l->rule;
    uint32_t missing = KEYS_NEEDED & ~l->seen;
    if (missing != 0)
        return sm_loader_fail(l, l->section_line, "the rule lacks", key_names[__builtin_ctz(missing)], NULL),
               -EINVAL;
    for (uint32_t i = 0; i < l->rules->rule_count; i++) {
        if (l->rules->rules[i].info.id != NULL && strcmp(l->rules->rules[i].info.id, l->section) == 0)
            return sm_loader_fail(l, l->section_line, "a rule of this id exists already:", l->section, NULL),
                   -EINVAL;
    }
    rule->texts[K_ID] = strdup(l->section);
    if (rule->texts[K_ID] == NULL)
        return -ENOMEM;
    rule->info.id = rule->texts[K_ID];
    rule->info.kind = "smell";
    rule->info.title = rule->texts[K_TITLE];
    rule->info.description = rule->texts[K_DESCRIPTION];
    rule->info.remedy = rule->texts[K_REMEDY];
    rule->info.reference = rule->texts[K_REFERENCE];
    rule->info.example = rule->texts[K_EXAMPLE];
    rule->info.counterexample = rule->texts[K_COUNTEREXAMPLE];
    int rc = finish_cwe(l);
    return rc != 0 ? rc : finish_grades(l);
}

static int finish_section(struct sm_loader *l)
{
    if (!l->open)
        return 0;
    l->open = false;
    if ((l->seen & KEYS_MATCH) == 0)
        return sm_loader_fail(l, l->section_line, "nothing to match in", l->section, "match"), -EINVAL;
    int rc = 0;
    if (strncmp(l->section, "source ", 7) == 0)
        rc = sm_taint_bit(l->rules, l->section + 7, &l->rule.taint);
    else if (strcmp(l->section, "clean") == 0)
        l->rule.clean = true;
    else
        rc = finish_rule(l);
    if (rc == 0)
        rc = finish_matches(l);
    return rc != 0 ? rc : rule_keep(l);
}

static int start_section(struct sm_loader *l, const char *section)
{
    int rc = finish_section(l);
    if (rc != 0)
        return rc;
    size_t n = strlen(section);
    bool source = strncmp(section, "source ", 7) == 0 || strcmp(section, "clean") == 0;
    if (n >= sizeof l->section)
        return sm_loader_fail(l, l->heading_line, "section name too long:", section, NULL), -EINVAL;
    if (!source && strncmp(section, "HG-", 3) != 0)
        return sm_loader_fail(l, l->heading_line,
                              "a section is a rule id (HG-PY-001), \"source NAME\" or \"clean\", not",
                              section, NULL),
               -EINVAL;
    memcpy(l->section, section, n + 1);
    l->section_line = l->heading_line;
    l->seen = 0;
    l->last = K_COUNT;
    l->open = true;
    rule_clear(&l->rule);
    for (size_t i = 0; i < sizeof l->values / sizeof *l->values; i++)
        l->values[i][0] = '\0';
    return 0;
}

/* Lines of a text are joined; one that starts with "|" keeps what follows it, so that code keeps its
 * indentation. */
static int text_append(struct sm_loader *l, char **text, const char *line)
{
    if (line[0] == '|') {
        line++;
        line += line[0] == ' ';
    }
    size_t old = *text == NULL ? 0 : strlen(*text), more = strlen(line);
    bool code = l->last == K_EXAMPLE || l->last == K_COUNTEREXAMPLE;
    if (old + more > 8192)
        return sm_loader_fail(l, l->line, "text too long", NULL, NULL), -EINVAL;
    char *joined = realloc(*text, old + more + 2);
    if (joined == NULL)
        return -ENOMEM;
    if (old > 0)
        joined[old++] = code ? '\n' : ' ';
    memcpy(joined + old, line, more + 1);
    *text = joined;
    return 0;
}

static int value_append(struct sm_loader *l, enum sm_rule_key key, const char *line)
{
    if (key < K_TEXTS)
        return text_append(l, &l->rule.texts[key], line);
    char *value = value_of(l, key);
    size_t old = strlen(value), more = strlen(line);
    if (old + more + 2 > sizeof l->values[0])
        return sm_loader_fail(l, l->line, "value too long", NULL, NULL), -EINVAL;
    if (old > 0 && !(key == K_WHEN && line[0] == '|')) /* "|" continues the condition above */
        value[old++] = '\n';
    memcpy(value + old, line, more + 1);
    return 0;
}

static int key_of(struct sm_loader *l, const char *name, enum sm_rule_key *out)
{
    bool source = strncmp(l->section, "source ", 7) == 0 || strcmp(l->section, "clean") == 0;
    uint32_t allowed = source ? KEYS_SOURCE : KEYS_RULE;
    for (enum sm_rule_key k = 0; k < K_COUNT; k++) {
        if (k != K_ID && strcmp(key_names[k], name) == 0 && (allowed >> k & 1U) != 0) {
            *out = k;
            return 0;
        }
    }
    return sm_loader_fail(l, l->line, "unknown key", name, sm_nearest(key_names, K_COUNT, name)), -EINVAL;
}

static int on_value(void *user, const char *section, const char *name, const char *value)
{
    struct sm_loader *l = user;
    if (l->rc != 0)
        return 1;
    int rc = 0;
    enum sm_rule_key key = K_COUNT;
    if (!l->open || l->heading)
        rc = start_section(l, section);
    l->heading = false;
    if (rc == 0)
        rc = key_of(l, name, &key);
    if (rc == 0) {
        /* inih reports a continuation line as the same key again */
        bool first = l->last != key;
        if (first && (l->seen >> key & 1U) != 0)
            rc = (sm_loader_fail(l, l->line, "key given twice:", name, NULL), -EINVAL);
        if (first)
            l->key_line[key] = l->line;
        l->seen |= 1U << key;
        l->last = key;
        if (rc == 0)
            rc = value_append(l, key, value);
    }
    if (rc != 0 && l->rc == 0)
        l->rc = rc;
    return 1;
}

/* inih's line source: knows the line number and refuses what inih would cut. */
static char *next_line(char *out, int size, void *stream)
{
    struct sm_loader *l = stream;
    if (l->at == l->end || l->rc != 0)
        return NULL;
    const char *newline = memchr(l->at, '\n', (size_t)(l->end - l->at));
    size_t n = newline == NULL ? (size_t)(l->end - l->at) : (size_t)(newline - l->at);
    l->line++;
    if (n + 2 > (size_t)size || memchr(l->at, '\0', n) != NULL) {
        sm_loader_fail(l, l->line, "line too long, or with a NUL byte", NULL, NULL);
        return NULL;
    }
    memcpy(out, l->at, n);
    memcpy(out + n, "\n", 2);
    if (out[0] == '[') {
        l->heading = true;
        l->heading_line = l->line;
    }
    l->at += n + (newline != NULL);
    return out;
}

int hg_smell_rules_add(struct hg_smell_rules *rules, const char *text, size_t size, const char *name,
                       struct hg_error *err)
{
    struct sm_loader *l = calloc(1, sizeof *l);
    if (l == NULL)
        return -ENOMEM;
    *l = (struct sm_loader){
        .rules = rules, .at = text, .end = text + size, .name = name, .err = err, .last = K_COUNT};
    int bad = ini_parse_stream(next_line, l, on_value, l);
    if (l->rc == 0 && bad > 0)
        sm_loader_fail(l, (unsigned)bad, "neither [section] nor key = value", NULL, NULL);
    if (l->rc == 0 && bad < 0)
        l->rc = -ENOMEM;
    if (l->rc == 0) {
        int rc = finish_section(l);
        if (l->rc == 0)
            l->rc = rc;
    }
    int rc = l->rc;
    rule_clear(&l->rule);
    free(l);
    return rc;
}

int hg_smell_rules_new(struct hg_smell_rules **out)
{
    struct hg_smell_rules *r = calloc(1, sizeof *r);
    if (r == NULL)
        return -ENOMEM;
    r->match_count = r->glob_count = 1;
    uint32_t bit;
    /* path 0 and match 0 mean "none" */
    if (sm_grow((void **)&r->matches, &r->match_capacity, 0, sizeof *r->matches) != 0 ||
        sm_grow((void **)&r->paths.items, &r->paths.capacity, 0, sizeof *r->paths.items) != 0 ||
        sm_taint_bit(r, "decoded", &bit) != 0 || sm_taint_bit(r, "dynamic", &bit) != 0) {
        hg_smell_rules_free(r);
        return -ENOMEM;
    }
    r->paths.items[0] = (struct sm_path){0};
    r->paths.count = 1;
    if (sm_known_setup(r) != 0) {
        hg_smell_rules_free(r);
        return -ENOMEM;
    }
    *out = r;
    return 0;
}

void hg_smell_rules_free(struct hg_smell_rules *r)
{
    if (r == NULL)
        return;
    for (uint32_t i = 0; i < r->rule_count; i++)
        rule_clear(&r->rules[i]);
    for (uint32_t i = 1; i < r->glob_count; i++)
        free(r->globs[i].pattern);
    for (uint32_t i = 0; i < r->taint_count; i++)
        free(r->taint_names[i]);
    free(r->rules);
    free(r->globs);
    free(r->matches);
    free(r->any);
    sm_names_free(&r->names);
    sm_paths_free(&r->paths);
    sm_arena_free(&r->arena);
    free(r);
}

const struct hg_rule_info *hg_smell_rule(const struct hg_smell_rules *rules, size_t index)
{
    for (uint32_t i = 0; i < rules->rule_count; i++) {
        if (rules->rules[i].info.id != NULL && index-- == 0)
            return &rules->rules[i].info;
    }
    return NULL;
}
