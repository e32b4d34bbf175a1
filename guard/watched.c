/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/watched.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *environment(const char *name, void *ctx)
{
    (void)ctx;
    return getenv(name);
}

int hg_watched_roots(const struct hg_policy *policy, struct hg_roots **out, struct hg_error *err)
{
    struct hg_roots *roots = calloc(1, sizeof *roots);
    *out = NULL;
    if (roots == NULL)
        return hg_error_set(err, -ENOMEM, "out of memory");
    (void)hg_roots_resolve(roots, environment, NULL);
    for (size_t i = 0; i < policy->roots_extra.count; i++)
        if (hg_roots_add(roots, policy->roots_extra.items[i], HG_LOADER_EXTRA) < 0)
            roots->overflow = 1;
    if (roots->overflow != 0) {
        free(roots);
        return hg_error_set(err, -ENOSPC,
                            "too many guarded directories, or one too long: see `hubguard doctor`");
    }
    *out = roots;
    return 0;
}

static int words_to_roots(const struct hg_words *words, struct hg_roots **out, struct hg_error *err)
{
    if (words->count == 0)
        return 0;
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return hg_error_set(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < words->count; i++) {
        int rc = hg_roots_add(*out, words->items[i], HG_LOADER_EXTRA);
        if (rc != 0)
            return hg_error_set(err, rc, "[roots] %s: %s", words->items[i], strerror(-rc));
    }
    return 0;
}

int hg_watch_rules_load(const struct hg_policy *policy, struct hg_watch_rules *out, struct hg_error *err)
{
    *out = (struct hg_watch_rules){.automatic = policy->roots_auto};
    int rc = words_to_roots(&policy->roots_extra, &out->extra, err);
    return rc != 0 ? rc : words_to_roots(&policy->roots_exclude, &out->exclude, err);
}

void hg_watch_rules_clear(struct hg_watch_rules *rules)
{
    free(rules->extra);
    free(rules->exclude);
}

bool hg_watch_rules_exempt(const struct hg_watch_rules *w, const char *path, const char *resolved,
                           const char *root)
{
    if (resolved[0] == '\0')
        resolved = path;
    if (w->exclude != NULL && hg_roots_match(w->exclude, path) != NULL &&
        hg_roots_match(w->exclude, resolved) != NULL)
        return true;
    if (w->automatic)
        return false;
    /* a link from elsewhere is guarded by its root: the shim saw where it leads */
    return w->extra == NULL ||
           (hg_roots_match(w->extra, path) == NULL && hg_roots_match(w->extra, resolved) == NULL &&
            hg_roots_match(w->extra, root) == NULL);
}

int hg_watched_lock(const struct hg_policy *policy, const struct hg_roots *roots, struct hg_lock **out,
                    struct hg_error *err)
{
    const char *path = policy->lock_file;
    *out = NULL;
    /* A missing file cannot approve anything, wherever it would be. */
    if (path == NULL || (access(path, F_OK) != 0 && errno == ENOENT))
        return hg_lock_parse("{\"version\": 1, \"approved\": []}", 30, "no lock file", out, err);
    int rc = hg_lock_check_place(path, roots, err);
    return rc != 0 ? rc : hg_lock_load(path, out, err);
}
