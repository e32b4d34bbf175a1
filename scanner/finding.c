/* SPDX-License-Identifier: Apache-2.0 */
#include "scanner/finding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const severity_names[] = {"none", "low", "medium", "high", "critical"};
static const char *const confidence_names[] = {"low", "medium", "high"};
static const char *const reach_names[] = {"text", "call", "load"};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static int find_name(const char *const *names, size_t first, size_t count, const char *text)
{
    for (size_t i = first; i < count; i++) {
        if (strcmp(names[i], text) == 0)
            return (int)i;
    }
    return -EINVAL;
}

const char *hg_severity_name(enum hg_severity s)
{
    return severity_names[s];
}

int hg_severity_parse(const char *text, enum hg_severity *out)
{
    int i = find_name(severity_names, HG_SEV_LOW, COUNT(severity_names), text);
    if (i >= 0)
        *out = (enum hg_severity)i;
    return i < 0 ? i : 0;
}

const char *hg_confidence_name(enum hg_confidence c)
{
    return confidence_names[c];
}

int hg_confidence_parse(const char *text, enum hg_confidence *out)
{
    int i = find_name(confidence_names, 0, COUNT(confidence_names), text);
    if (i >= 0)
        *out = (enum hg_confidence)i;
    return i < 0 ? i : 0;
}

const char *hg_reach_name(enum hg_reach r)
{
    return reach_names[r];
}

int hg_reach_parse(const char *text, enum hg_reach *out)
{
    int i = find_name(reach_names, 0, COUNT(reach_names), text);
    if (i >= 0)
        *out = (enum hg_reach)i;
    return i < 0 ? i : 0;
}

static int compare_text(const char *a, const char *b)
{
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b);
}

static int same_place(const struct hg_finding *a, const struct hg_finding *b)
{
    return a->line == b->line && a->column == b->column && compare_text(a->rule, b->rule) == 0 &&
           compare_text(a->layers, b->layers) == 0;
}

/* > 0 when a is graver than b */
static int graver(const struct hg_finding *a, const struct hg_finding *b)
{
    if (a->severity != b->severity)
        return a->severity > b->severity ? 1 : -1;
    if (a->reach != b->reach)
        return a->reach > b->reach ? 1 : -1;
    return 0;
}

static void finding_clear(struct hg_finding *f)
{
    free(f->rule);
    free(f->message);
    free(f->evidence);
    free(f->layers);
    memset(f, 0, sizeof *f);
}

static int duplicate(const char *text, char **out)
{
    *out = NULL;
    if (text == NULL)
        return 0;
    *out = strdup(text);
    return *out == NULL ? -ENOMEM : 0;
}

static int finding_copy(const struct hg_finding *from, struct hg_finding *to)
{
    *to = *from;
    to->rule = to->message = to->evidence = to->layers = NULL;
    if (duplicate(from->rule, &to->rule) != 0 || duplicate(from->message, &to->message) != 0 ||
        duplicate(from->evidence, &to->evidence) != 0 || duplicate(from->layers, &to->layers) != 0) {
        finding_clear(to);
        return -ENOMEM;
    }
    return 0;
}

static int grow(struct hg_findings *list)
{
    if (list->count < list->capacity)
        return 0;
    size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
    struct hg_finding *items = realloc(list->items, capacity * sizeof *items);
    if (items == NULL)
        return -ENOMEM;
    list->items = items;
    list->capacity = capacity;
    return 0;
}

static size_t mildest(const struct hg_findings *list)
{
    size_t at = 0;
    for (size_t i = 1; i < list->count; i++) {
        if (graver(&list->items[i], &list->items[at]) < 0)
            at = i;
    }
    return at;
}

int hg_findings_add(struct hg_findings *list, const struct hg_finding *f)
{
    for (size_t i = 0; i < list->count; i++) {
        if (same_place(&list->items[i], f))
            return 0;
    }
    size_t limit = list->limit == 0 ? HG_FINDINGS_DEFAULT : list->limit;
    struct hg_finding copy;
    if (list->count >= limit) {
        size_t at = mildest(list);
        list->dropped++;
        if (graver(f, &list->items[at]) <= 0)
            return 0;
        if (finding_copy(f, &copy) != 0)
            return -ENOMEM;
        finding_clear(&list->items[at]);
        list->items[at] = copy;
        return 0;
    }
    if (grow(list) != 0 || finding_copy(f, &copy) != 0)
        return -ENOMEM;
    list->items[list->count++] = copy;
    return 0;
}

static int compare(const void *left, const void *right)
{
    const struct hg_finding *a = left, *b = right;
    if (a->severity != b->severity)
        return a->severity > b->severity ? -1 : 1;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    int order = compare_text(a->rule, b->rule);
    return order != 0 ? order : compare_text(a->layers, b->layers);
}

void hg_findings_sort(struct hg_findings *list)
{
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, compare);
}

enum hg_severity hg_findings_max(const struct hg_findings *list)
{
    enum hg_severity max = HG_SEV_NONE;
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].severity > max)
            max = list->items[i].severity;
    }
    return max;
}

void hg_findings_clear(struct hg_findings *list)
{
    for (size_t i = 0; i < list->count; i++)
        finding_clear(&list->items[i]);
    free(list->items);
    memset(list, 0, sizeof *list);
}
