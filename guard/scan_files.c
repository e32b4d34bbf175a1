/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/scan_files.h"

#include <errno.h>
#include <fts.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "guard/text.h"

#define NOTE_MAX 1024

static const struct {
    const char *suffix;
    enum hg_scan_kind kind;
} kinds[] = {
    {".py", HG_KIND_SOURCE},    {".pyw", HG_KIND_SOURCE},   {".pyi", HG_KIND_OTHER},
    {".pyc", HG_KIND_BYTECODE}, {".pyo", HG_KIND_BYTECODE}, {".so", HG_KIND_NATIVE},
    {".pyd", HG_KIND_NATIVE},   {".dll", HG_KIND_NATIVE},   {".dylib", HG_KIND_NATIVE},
    {".zip", HG_KIND_ARCHIVE},  {".whl", HG_KIND_ARCHIVE},  {".egg", HG_KIND_ARCHIVE},
    {".pyz", HG_KIND_ARCHIVE},  {".json", HG_KIND_CONFIG},
};

static enum hg_scan_kind kind_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t k = strlen(kinds[i].suffix);
        if (n > k && strcasecmp(name + n - k, kinds[i].suffix) == 0)
            return kinds[i].kind;
    }
    return strstr(name, ".so.") != NULL ? HG_KIND_NATIVE : HG_KIND_OTHER;
}

/* vasprintf, then escaped for a terminal. NULL when out of memory. */
static char *escaped(const char *fmt, va_list ap)
{
    char *raw, *out = malloc(NOTE_MAX * 4);
    if (out == NULL)
        return NULL;
    if (vasprintf(&raw, fmt, ap) < 0) {
        free(out);
        return NULL;
    }
    (void)hg_text_escape(raw, strlen(raw), true, out, NOTE_MAX * 4);
    free(raw);
    return out;
}

int hg_scan_note(struct hg_scan_list *list, const char *fmt, ...)
{
    char **notes = reallocarray(list->notes, list->note_count + 1, sizeof *notes);
    if (notes == NULL)
        return -ENOMEM;
    list->notes = notes;
    va_list ap;
    va_start(ap, fmt);
    char *text = escaped(fmt, ap);
    va_end(ap);
    if (text == NULL)
        return -ENOMEM;
    notes[list->note_count++] = text;
    return 0;
}

int hg_scan_error(struct hg_scan_file *file, const char *fmt, ...)
{
    if (file->error != NULL)
        return 0;
    va_list ap;
    va_start(ap, fmt);
    file->error = escaped(fmt, ap);
    va_end(ap);
    return file->error == NULL ? -ENOMEM : 0;
}

/* The new entry, or NULL when out of memory. */
static struct hg_scan_file *add(struct hg_scan_list *list, const char *path, const struct stat *st)
{
    if (list->count == list->capacity) {
        size_t more = list->capacity == 0 ? 64 : list->capacity * 2;
        struct hg_scan_file *items = reallocarray(list->items, more, sizeof *items);
        if (items == NULL)
            return NULL;
        list->items = items;
        list->capacity = more;
    }
    struct hg_scan_file *f = &list->items[list->count];
    *f = (struct hg_scan_file){.path = strdup(path), .kind = kind_of(path)};
    if (f->path == NULL)
        return NULL;
    if (st != NULL) {
        f->device = st->st_dev;
        f->inode = st->st_ino;
        f->size = (uint64_t)st->st_size;
    }
    list->count++;
    return f;
}

static int add_error(struct hg_scan_list *list, const char *path, int error)
{
    struct hg_scan_file *f = add(list, path, NULL);
    return f == NULL ? -ENOMEM : hg_scan_error(f, "%s", strerror(error));
}

static int in_pycache(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash - path >= 11 && memcmp(slash - 11, "__pycache__", 11) == 0 &&
           (slash - path == 11 || slash[-12] == '/');
}

struct passed {
    unsigned long cached, large, links;
};

static int add_file(struct hg_scan_list *list, const char *path, const struct stat *st, int named,
                    const struct hg_policy *policy, struct passed *passed)
{
    if (!S_ISREG(st->st_mode))
        return hg_scan_note(list, "%s: not a regular file, passed over", path);
    enum hg_scan_kind kind = kind_of(path);
    /* Python under hubguard never reads these, and each run makes them anew. */
    if (kind == HG_KIND_BYTECODE && !named && policy->bytecode == HG_BYTECODE_IGNORE && in_pycache(path)) {
        passed->cached++;
        return 0;
    }
    if (hg_kind_is_data(kind) && (uint64_t)st->st_size > policy->max_size) {
        passed->large++;
        return named ? hg_scan_note(list, "%s: data over [scan] max_size, passed over", path) : 0;
    }
    return add(list, path, st) == NULL ? -ENOMEM : 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int visit(struct hg_scan_list *list, const FTSENT *e, const struct hg_policy *policy,
                 struct passed *passed)
{
    struct stat st;
    int named = e->fts_level == FTS_ROOTLEVEL;
    switch (e->fts_info) {
    case FTS_D:
    case FTS_DP:
    case FTS_DOT:
        return 0;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        return add_error(list, e->fts_path, e->fts_errno);
    case FTS_DC:
        return hg_scan_note(list, "%s: a loop of directories, passed over", e->fts_path);
    case FTS_SL:
    case FTS_SLNONE:
        if (stat(e->fts_path, &st) != 0)
            return named ? add_error(list, e->fts_path, errno)
                         : hg_scan_note(list, "%s: a link that leads nowhere (%s)", e->fts_path,
                                        strerror(errno));
        if (S_ISDIR(st.st_mode)) {
            passed->links++;
            return 0;
        }
        return add_file(list, e->fts_path, &st, named, policy, passed);
    default:
        return add_file(list, e->fts_path, e->fts_statp, named, policy, passed);
    }
}

int hg_scan_collect(struct hg_scan_list *list, const char *path, const struct hg_policy *policy)
{
    char *const paths[] = {(char *)(uintptr_t)path, NULL};
    struct passed passed = {0};
    FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    FTSENT *e;
    int rc = 0;
    if (fts == NULL)
        return errno == ENOMEM ? -ENOMEM : add_error(list, path, errno);
    for (errno = 0; rc == 0 && (e = fts_read(fts)) != NULL; errno = 0)
        rc = visit(list, e, policy, &passed);
    if (rc == 0 && errno != 0)
        rc = add_error(list, path, errno);
    (void)fts_close(fts);
    if (rc == 0 && passed.cached != 0)
        rc = hg_scan_note(
            list,
            "%s: %lu bytecode files in __pycache__ passed over, as under `hubguard run` Python does "
            "not read them ([scan] bytecode = ignore)",
            path, passed.cached);
    if (rc == 0 && passed.large != 0)
        rc = hg_scan_note(list, "%s: %lu data files over [scan] max_size passed over", path, passed.large);
    if (rc == 0 && passed.links != 0)
        rc = hg_scan_note(list, "%s: %lu links to directories not followed", path, passed.links);
    return rc;
}

static int by_inode(const void *x, const void *y)
{
    const struct hg_scan_file *a = *(struct hg_scan_file *const *)x, *b = *(struct hg_scan_file *const *)y;
    if (a->device != b->device)
        return a->device < b->device ? -1 : 1;
    if (a->inode != b->inode)
        return a->inode < b->inode ? -1 : 1;
    /* Code first, so that the data entries after it are the ones to drop. */
    return hg_kind_is_data(a->kind) - hg_kind_is_data(b->kind);
}

static void release(struct hg_scan_file *f)
{
    free(f->path);
    free(f->error);
    hg_findings_clear(&f->findings);
}

void hg_scan_settle(struct hg_scan_list *list)
{
    struct hg_scan_file **order = calloc(list->count + 1, sizeof *order);
    if (order == NULL)
        return; /* then a blob is shown twice, under both of its names */
    for (size_t i = 0; i < list->count; i++)
        order[i] = &list->items[i];
    qsort(order, list->count, sizeof *order, by_inode);
    for (size_t i = 1, first = 0; i < list->count; i++) {
        struct hg_scan_file *f = order[i], *code = order[first];
        if (f->inode != code->inode || f->device != code->device) {
            first = i;
        } else if (f->inode != 0 && hg_kind_is_data(f->kind) && !hg_kind_is_data(code->kind)) {
            release(f);
            f->path = NULL;
        }
    }
    free(order);
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].path != NULL)
            list->items[kept++] = list->items[i];
    }
    list->count = kept;
}

void hg_scan_clear(struct hg_scan_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        release(&list->items[i]);
    for (size_t i = 0; i < list->note_count; i++)
        free(list->notes[i]);
    free(list->items);
    free(list->notes);
    *list = (struct hg_scan_list){0};
}

const char *hg_scan_verdict_name(enum hg_scan_verdict verdict)
{
    static const char *const names[] = {"pass", "warn", "block", "approved", "error"};
    return names[verdict];
}
