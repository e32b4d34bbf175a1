/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/configs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/origin_cache.h"
#include "policy/read.h"
#include "scanner/auto_map.h"
#include "scanner/printable.h"

/* For one update; what is beyond comes with the next one, as what is known is not read again. */
#define ENTRIES_MAX 20000 /* of directories */
#define BYTES_MAX   (64ull << 20)
#define CONFIGS_MAX 4096u /* known at a time: then all are forgotten */
#define AT_ONCE     8     /* with the scan workers: each holds a descriptor */

struct config {
    struct hg_configs *owner;
    char *path;
    struct stat st; /* of the file that was read */
    struct hg_job job;
    bool unread;
    struct hg_findings found; /* HG_RULE_AUTO_MAP only */
    struct config *next, *queued;
};

struct waiter {
    void (*done)(void *owner);
    void *owner;
    struct waiter *next;
};

struct hg_configs {
    struct hg_pool *pool;
    const struct hg_roots *roots;
    uint64_t max_size;
    struct config *first;
    struct config *queue; /* to be read */
    size_t count, with_workers;
    size_t pending; /* queued, with the workers, or a walk that goes on */
    bool pumping, stopping;
    struct waiter *waiting;
    size_t entries_left;
    uint64_t bytes_left;
};

/* --- one file
 * ------------------------------------------------------------------------------------------------------ */

static void wake(struct hg_configs *c)
{
    struct waiter *w = c->waiting, *next;
    if (c->pending != 0)
        return;
    c->waiting = NULL;
    for (; w != NULL; w = next) {
        next = w->next;
        w->done(w->owner);
        free(w);
    }
}

static void pump(struct hg_configs *c);

static void parsed(struct hg_job *job, const struct hg_scan_result *result)
{
    struct config *f = job->owner;
    struct hg_findings *found = result->findings;
    f->unread = result->state != HG_SCAN_DONE || found->dropped != 0;
    for (size_t i = 0; i < found->count; i++)
        if (strcmp(found->items[i].rule, HG_RULE_AUTO_MAP) == 0 && found->items[i].evidence != NULL &&
            hg_findings_add(&f->found, &found->items[i]) != 0)
            f->unread = true;
    close(job->fd);
    f->owner->with_workers--;
    f->owner->pending--;
    pump(f->owner);
    wake(f->owner);
}

/* Most configurations cannot name anything: they lack the key, and any escape that could spell it. */
static bool can_name(const char *text, size_t size)
{
    bool escapes = memmem(text, size, "\\u", 2) != NULL;
    return (escapes || memmem(text, size, "auto_map", 8) != NULL) &&
           (escapes || memmem(text, size, "--", 2) != NULL);
}

static int to_memfd(const char *text, size_t size)
{
    int fd = memfd_create("hubguard-config", MFD_CLOEXEC);
    for (size_t done = 0; fd >= 0 && done < size;) {
        ssize_t n = write(fd, text + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            close(fd);
            return -1;
        }
        done += (size_t)n;
    }
    return fd;
}

/* False when that is all there is to it: no scan comes. */
static bool read_config(struct hg_configs *c, struct config *f)
{
    char *text = NULL;
    size_t size = 0;
    int rc = hg_read_small(f->path, c->max_size, &text, &size, &f->st, NULL);
    f->unread = rc == -EINVAL || rc == -ENOMEM; /* otherwise the loader cannot read it either */
    if (rc != 0)
        return false;
    c->bytes_left -= size < c->bytes_left ? size : c->bytes_left;
    bool scan = can_name(text, size);
    if (scan) {
        f->job = (struct hg_job){.fd = to_memfd(text, size),
                                 .size = size,
                                 .kind = HG_KIND_CONFIG,
                                 .name = f->path,
                                 .done = parsed,
                                 .owner = f};
        scan = f->job.fd >= 0;
        f->unread = !scan;
    }
    free(text);
    return scan;
}

static void pump(struct hg_configs *c)
{
    if (c->pumping) /* an answer that came at once */
        return;
    c->pumping = true;
    while (c->queue != NULL && c->with_workers < AT_ONCE) {
        struct config *f = c->queue;
        c->queue = f->queued;
        if (c->bytes_left == 0 || c->stopping) {
            memset(&f->st, 0, sizeof f->st); /* as if it had never been seen */
            c->pending--;
        } else if (read_config(c, f)) {
            c->with_workers++;
            hg_pool_submit(c->pool, &f->job);
        } else {
            c->pending--;
        }
    }
    c->pumping = false;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void consider(struct hg_configs *c, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return;
    for (struct config *f = c->first; f != NULL; f = f->next)
        if (is_same(&f->st, &st) && strcmp(f->path, path) == 0)
            return;
    struct config *f = c->count < CONFIGS_MAX ? calloc(1, sizeof *f) : NULL;
    if (f == NULL || (f->path = strdup(path)) == NULL) {
        free(f);
        return;
    }
    f->owner = c;
    f->st = st;
    f->next = c->first;
    c->first = f;
    c->count++;
    f->queued = c->queue;
    c->queue = f;
    c->pending++;
}

/* --- all of them
 * --------------------------------------------------------------------------------------------------- */

static bool is_repository(const char *name)
{
    return strncmp(name, "models--", 8) == 0;
}

static bool is_revision(const char *name)
{
    return name[0] != '.';
}

/* config.json, tokenizer_config.json, preprocessor_config.json and their kind. */
static bool is_config(const char *name)
{
    static const char tail[] = "config.json";
    size_t len = strlen(name);
    return len >= sizeof tail - 1 && strcmp(name + len - (sizeof tail - 1), tail) == 0;
}

/* What lies between a cache and its configurations, level by level. */
static const struct {
    bool (*wanted)(const char *name);
    const char *below; /* the fixed folder under it */
} levels[] = {{is_repository, "/snapshots"}, {is_revision, ""}, {is_config, ""}};
#define LEVELS (sizeof levels / sizeof levels[0])

static void walk(struct hg_configs *c, const char *hub)
{
    char path[PATH_MAX];
    size_t length[LEVELS] = {strlen(hub)}; /* of the path of each open directory */
    DIR *open[LEVELS] = {opendir(hub)};
    size_t depth = open[0] != NULL ? 1 : 0;
    (void)snprintf(path, sizeof path, "%s", hub);
    while (depth > 0) {
        size_t i = depth - 1, room = sizeof path - length[i];
        const struct dirent *e = c->entries_left == 0 ? NULL : readdir(open[i]);
        if (e == NULL) {
            (void)closedir(open[--depth]);
            continue;
        }
        c->entries_left--;
        if (!levels[i].wanted(e->d_name))
            continue;
        int n = snprintf(path + length[i], room, "/%s%s", e->d_name, levels[i].below);
        if (n < 0 || (size_t)n >= room)
            continue;
        if (depth == LEVELS) {
            consider(c, path);
        } else if ((open[depth] = opendir(path)) != NULL) {
            length[depth] = length[i] + (size_t)n;
            depth++;
        }
    }
}

static void forget(struct hg_configs *c)
{
    for (struct config *f = c->first, *next; f != NULL; f = next) {
        next = f->next;
        hg_findings_clear(&f->found);
        free(f->path);
        free(f);
    }
    c->first = NULL;
    c->count = 0;
}

/* A root is there under its spelling and under what its links lead to: one walk for both. */
static bool walked(const char *hub, struct stat *known, size_t *count)
{
    struct stat *st = &known[*count];
    if (stat(hub, st) != 0)
        return true;
    for (size_t i = 0; i < *count; i++)
        if (known[i].st_dev == st->st_dev && known[i].st_ino == st->st_ino)
            return true;
    (*count)++;
    return false;
}

void hg_configs_update(struct hg_configs *c, const char *hub, void (*done)(void *owner), void *owner)
{
    struct stat known[HG_ROOTS_MAX + 1];
    size_t count = 0;
    struct waiter *w = calloc(1, sizeof *w);
    c->entries_left = ENTRIES_MAX;
    c->bytes_left = BYTES_MAX;
    if (c->count >= CONFIGS_MAX && c->pending == 0)
        forget(c);
    c->pending++; /* an answer that comes at once wakes nobody in the middle of the walk */
    if (hub != NULL && !walked(hub, known, &count))
        walk(c, hub);
    for (size_t i = 0; i < c->roots->count; i++)
        if (c->roots->items[i].loader == HG_LOADER_HF_HUB && !walked(c->roots->items[i].path, known, &count))
            walk(c, c->roots->items[i].path);
    pump(c);
    c->pending--;
    if (w == NULL) {
        done(owner);
        return;
    }
    *w = (struct waiter){done, owner, c->waiting};
    c->waiting = w;
    wake(c);
}

/* --- questions
 * ----------------------------------------------------------------------------------------------------- */

bool hg_configs_hub(const char *path, char *out, size_t size)
{
    const char *at = strstr(path, "/models--");
    if (at == NULL || (size_t)(at - path) >= size)
        return false;
    memcpy(out, path, (size_t)(at - path));
    out[at - path] = '\0';
    return true;
}

/* Whether refs/main of the repository in this cache leads to the commit. */
static bool is_main(const char *hub, const struct hg_origin *origin)
{
    char path[PATH_MAX], *text = NULL;
    size_t size = 0, org = strcspn(origin->repository, "/");
    struct stat st;
    int n = origin->repository[org] == '/'
                ? snprintf(path, sizeof path, "%s/models--%.*s--%s/refs/main", hub, (int)org,
                           origin->repository, origin->repository + org + 1)
                : snprintf(path, sizeof path, "%s/models--%s/refs/main", hub, origin->repository);
    if (n < 0 || (size_t)n >= sizeof path || hg_read_small(path, 256, &text, &size, &st, NULL) != 0)
        return false;
    size_t len = strlen(origin->revision);
    bool same = len > 0 && size >= len && memcmp(text, origin->revision, len) == 0;
    free(text);
    return same;
}

static bool from_main(const struct hg_configs *c, const struct hg_origin *origin, const char *hub)
{
    if (hub != NULL && is_main(hub, origin))
        return true;
    for (size_t i = 0; i < c->roots->count; i++)
        if (c->roots->items[i].loader == HG_LOADER_HF_HUB && is_main(c->roots->items[i].path, origin))
            return true;
    return false;
}

static const struct hg_finding *names(const struct config *f, const char *repository)
{
    size_t len = strlen(repository);
    for (size_t i = 0; i < f->found.count; i++) {
        const struct hg_finding *finding = &f->found.items[i];
        if (strncmp(finding->evidence, repository, len) == 0 &&
            strncmp(finding->evidence + len, "--", 2) == 0)
            return finding;
    }
    return NULL;
}

/* "<hub>/models--org--name/snapshots/..." */
static bool whose(const char *path, char *out, size_t size)
{
    char folder[NAME_MAX + 1];
    const char *at = strstr(path, "/models--");
    size_t len = at != NULL ? strcspn(at + 1, "/") : 0;
    if (len == 0 || len >= sizeof folder)
        return false;
    memcpy(folder, at + 1, len);
    folder[len] = '\0';
    return hg_cache_repository(folder, out, size);
}

bool hg_configs_naming(const struct hg_configs *c, const struct hg_origin *origin, const char *hub,
                       struct hg_naming *out)
{
    if (origin->repository[0] == '\0')
        return false;
    for (const struct config *f = c->first; f != NULL; f = f->next) {
        const struct hg_finding *finding = names(f, origin->repository);
        struct stat st;
        if ((finding == NULL && !f->unread) || !whose(f->path, out->by, sizeof out->by) ||
            strcmp(out->by, origin->repository) == 0 || stat(f->path, &st) != 0 || !is_same(&st, &f->st))
            continue;
        char name[128];
        const char *base = strrchr(f->path, '/') + 1;
        (void)hg_printable(base, strlen(base), name, sizeof name);
        out->unread = finding == NULL;
        if (finding == NULL)
            (void)snprintf(out->evidence, sizeof out->evidence, "%s", name);
        else
            (void)snprintf(out->evidence, sizeof out->evidence, "%s:%u %.120s", name, finding->line,
                           finding->evidence);
        return from_main(c, origin, hub);
    }
    return false;
}

/* --- life
 * ----------------------------------------------------------------------------------------------------------
 */

int hg_configs_new(struct hg_pool *pool, const struct hg_roots *roots, uint64_t max_size,
                   struct hg_configs **out)
{
    struct hg_configs *c = calloc(1, sizeof *c);
    if (c == NULL)
        return -ENOMEM;
    c->pool = pool;
    c->roots = roots;
    c->max_size = max_size;
    *out = c;
    return 0;
}

void hg_configs_stop(struct hg_configs *c)
{
    c->stopping = true;
}

void hg_configs_free(struct hg_configs *c)
{
    if (c != NULL)
        forget(c);
    free(c);
}
