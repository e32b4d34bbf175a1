/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/origin_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/read.h"
#include "shim/roots.h"

/* Directory entries looked at for one question: a cache of more is not searched to its end. */
#define ENTRIES_MAX 20000
#define DEPTH_MAX   8
#define TRUSTED_MAX (1u << 20)

bool hg_cache_repository(const char *folder, char *out, size_t size)
{
    static const struct {
        const char *kind, *prefix;
    } kinds[] = {
        {"models--", ""}, {"datasets--", "datasets/"}, {"spaces--", "spaces/"}, {"kernels--", "kernels/"}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t len = strlen(kinds[i].kind);
        if (strncmp(folder, kinds[i].kind, len) != 0 || folder[len] == '\0')
            continue;
        const char *org = folder + len;
        const char *two = strstr(org, "--");
        int n = two != NULL
                    ? snprintf(out, size, "%s%.*s/%s", kinds[i].prefix, (int)(two - org), org, two + 2)
                    : snprintf(out, size, "%s%s", kinds[i].prefix, org);
        return n > 0 && (size_t)n < size;
    }
    return false;
}

/* --- blobs
 * ---------------------------------------------------------------------------------------------------- */

struct search {
    const char *blob;
    size_t left; /* entries that may still be looked at */
    char file[PATH_MAX];
};

static bool is_link_to(int dir, const char *name, const char *blob)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(dir, name, target, sizeof target - 1);
    if (n <= 0)
        return false;
    target[n] = '\0';
    const char *base = strrchr(target, '/');
    return base != NULL && strcmp(base + 1, blob) == 0;
}

static DIR *open_below(int dir, const char *name)
{
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (d == NULL && fd >= 0)
        (void)close(fd);
    return d;
}

/* The way down, one open directory and the length of its path a level. */
struct level {
    DIR *dir;
    size_t length;
};

/* What the entry of the deepest level is: 1 the link that was sought, 0 something else; a directory becomes a
 * level. */
static int visit(struct search *s, struct level *levels, size_t *depth, const char *name)
{
    struct level *top = &levels[*depth - 1];
    int n = snprintf(s->file + top->length, sizeof s->file - top->length, "%s%s", top->length > 0 ? "/" : "",
                     name);
    if (n < 0 || (size_t)n >= sizeof s->file - top->length)
        return 0;
    if (is_link_to(dirfd(top->dir), name, s->blob))
        return 1;
    if (*depth < DEPTH_MAX) {
        DIR *below = open_below(dirfd(top->dir), name);
        if (below != NULL)
            levels[(*depth)++] = (struct level){below, top->length + (size_t)n};
    }
    return 0;
}

static bool find_link(struct search *s, int snapshots, const char *revision)
{
    struct level levels[DEPTH_MAX];
    size_t depth = 0;
    bool found = false;
    DIR *first = open_below(snapshots, revision);
    if (first != NULL)
        levels[depth++] = (struct level){first, 0};
    while (depth > 0) {
        const struct dirent *e = found || s->left == 0 ? NULL : readdir(levels[depth - 1].dir);
        if (e == NULL) {
            (void)closedir(levels[--depth].dir);
            continue;
        }
        s->left--;
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            found = visit(s, levels, &depth, e->d_name) == 1;
    }
    return found;
}

bool hg_cache_find_blob(const char *hub, const char *folder, const char *blob, struct hg_cache_place *out)
{
    char path[PATH_MAX];
    struct search s = {.blob = blob, .left = ENTRIES_MAX};
    int n = snprintf(path, sizeof path, "%s/%s/snapshots", hub, folder);
    DIR *snapshots = n > 0 && (size_t)n < sizeof path ? opendir(path) : NULL;
    const struct dirent *e;
    bool found = false;
    while (snapshots != NULL && !found && s.left > 0 && (e = readdir(snapshots)) != NULL) {
        if (e->d_name[0] == '.')
            continue;
        found = find_link(&s, dirfd(snapshots), e->d_name);
        if (found) {
            (void)snprintf(out->revision, sizeof out->revision, "%s", e->d_name);
            (void)snprintf(out->file, sizeof out->file, "%s", s.file);
        }
    }
    if (snapshots != NULL)
        (void)closedir(snapshots);
    return found;
}

/* --- escaped names
 * -------------------------------------------------------------------------------------------- */

/* True when transformers writes `plain` as `escaped`: sanitised (4.57 on), or as it is (before). */
static bool is_escape_of(const char *escaped, const char *plain, size_t len)
{
    const char *e = escaped;
    if (strlen(escaped) == len && memcmp(escaped, plain, len) == 0)
        return true;
    if (len > 0 && plain[0] >= '0' && plain[0] <= '9' && *e++ != '_')
        return false;
    for (size_t i = 0; i < len; i++) {
        const char *want = plain[i] == '.' ? "_dot_" : plain[i] == '-' ? "_hyphen_" : NULL;
        if (want == NULL && *e++ != plain[i])
            return false;
        if (want != NULL && strncmp(e, want, strlen(want)) != 0)
            return false;
        e += want != NULL ? strlen(want) : 0;
    }
    return *e == '\0';
}

struct wanted {
    const char *org, *name, *commit;
    char found[NAME_MAX + 1]; /* folder */
    unsigned matches;
};

static void consider(int hub, const char *folder, struct wanted *w)
{
    static const char kind[] = "models--";
    char path[2 * NAME_MAX + 16];
    struct stat st;
    if (strncmp(folder, kind, sizeof kind - 1) != 0)
        return;
    const char *org = folder + sizeof kind - 1, *two = strstr(org, "--");
    const char *name = two != NULL ? two + 2 : org;
    size_t org_len = two != NULL ? (size_t)(two - org) : 0;
    if (w->name != NULL &&
        (!is_escape_of(w->org, org, org_len) || !is_escape_of(w->name, name, strlen(name))))
        return;
    int n = snprintf(path, sizeof path, "%s/snapshots/%s", folder, w->commit);
    if (n < 0 || (size_t)n >= sizeof path || fstatat(hub, path, &st, 0) < 0 || strcmp(w->found, folder) == 0)
        return;
    (void)snprintf(w->found, sizeof w->found, "%s", folder);
    w->matches++;
}

static void search_hub(const char *path, struct wanted *w)
{
    DIR *dir = opendir(path);
    const struct dirent *e;
    size_t left = ENTRIES_MAX;
    while (dir != NULL && left-- > 0 && (e = readdir(dir)) != NULL)
        consider(dirfd(dir), e->d_name, w);
    if (dir != NULL)
        (void)closedir(dir);
}

static const char *process_env(const char *name, void *ctx)
{
    (void)ctx;
    return getenv(name);
}

static void search_environment(struct wanted *w)
{
    struct hg_roots *roots = calloc(1, sizeof *roots);
    if (roots == NULL)
        return;
    (void)hg_roots_resolve(roots, process_env, NULL);
    for (size_t i = 0; i < roots->count; i++)
        if (roots->items[i].loader == HG_LOADER_HF_HUB)
            search_hub(roots->items[i].path, w);
    free(roots);
}

bool hg_cache_find_escaped(const char *modules, const char *org, const char *name, const char *commit,
                           char *out, size_t size)
{
    struct wanted w = {.org = org, .name = name, .commit = commit};
    char sibling[PATH_MAX];
    int n = snprintf(sibling, sizeof sibling, "%s/../hub", modules);
    if (n > 0 && (size_t)n < sizeof sibling)
        search_hub(sibling, &w);
    if (w.matches == 0)
        search_environment(&w);
    return w.matches == 1 && hg_cache_repository(w.found, out, size);
}

/* --- torch.hub
 * ------------------------------------------------------------------------------------------------ */

size_t hg_cache_trusted_prefix(const char *text, size_t length, const char *folder)
{
    size_t best = 0, room = strlen(folder);
    for (const char *line = text, *next; line < text + length; line = next) {
        const char *end = memchr(line, '\n', (size_t)(text + length - line));
        next = end != NULL ? end + 1 : text + length;
        size_t len = (size_t)((end != NULL ? end : next) - line);
        while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == ' '))
            len--;
        if (len > best && len + 1 < room && memcmp(folder, line, len) == 0 && folder[len] == '_' &&
            memchr(line, '_', len) != NULL)
            best = len;
    }
    return best;
}

bool hg_cache_trusted(const char *hub, const char *folder, char *out, size_t size)
{
    char path[PATH_MAX], *text = NULL;
    struct stat st;
    size_t length = 0;
    int n = snprintf(path, sizeof path, "%s/trusted_list", hub);
    if (n < 0 || (size_t)n >= sizeof path || hg_read_small(path, TRUSTED_MAX, &text, &length, &st, NULL) < 0)
        return false;
    size_t best = hg_cache_trusted_prefix(text, length, folder);
    free(text);
    if (best == 0 || best >= size)
        return false;
    memcpy(out, folder, best);
    out[best] = '\0';
    return true;
}
