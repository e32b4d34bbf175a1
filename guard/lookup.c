/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/lookup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/memo.h"

struct hg_lookup {
    struct hg_memo memo;
    struct hg_cache *cache;
    bool tried;
    char ruleset[65];
    const char *cwd;
    const struct hg_roots *roots;
    const struct hg_policy *policy;
    char state[HG_ERROR_MAX + 16];
};

int hg_lookup_open(const char *ruleset, const char *cwd, const struct hg_roots *roots,
                   const struct hg_policy *policy, struct hg_lookup **out, struct hg_error *err)
{
    struct hg_lookup *l = calloc(1, sizeof *l);
    if (l == NULL)
        return hg_error_set(err, -ENOMEM, "out of memory");
    (void)snprintf(l->ruleset, sizeof l->ruleset, "%s", ruleset);
    (void)snprintf(l->state, sizeof l->state, "not used yet");
    l->cwd = cwd;
    l->roots = roots;
    l->policy = policy;
    *out = l;
    return 0;
}

void hg_lookup_close(struct hg_lookup *l)
{
    if (l == NULL)
        return;
    hg_memo_clear(&l->memo);
    hg_cache_close(l->cache);
    free(l);
}

const char *hg_lookup_state(const struct hg_lookup *l)
{
    return l->state;
}

/* Go on without the cache. */
static int give_up(struct hg_lookup *l, int rc, struct hg_error *err)
{
    char why[HG_ERROR_MAX];
    hg_cache_close(l->cache);
    l->cache = NULL;
    (void)snprintf(why, sizeof why, "%s", err->text);
    (void)snprintf(l->state, sizeof l->state, "off: %s", why);
    return hg_error_set(err, rc, "the verdict cache is not used: %.400s", why);
}

static int open_cache(struct hg_lookup *l, struct hg_error *err)
{
    char dir[PATH_MAX], real[PATH_MAX];
    l->tried = true;
    int rc = hg_cache_directory(dir, sizeof dir);
    if (rc != 0)
        (void)hg_error_set(err, rc, "no cache directory: neither XDG_CACHE_HOME nor HOME is set");
    else
        rc = hg_cache_check(dir, l->cwd, l->roots, l->policy, real, err);
    if (rc == 0)
        rc = hg_cache_open(real, l->ruleset, &l->cache, err);
    if (rc != 0)
        return give_up(l, rc, err);
    (void)snprintf(l->state, sizeof l->state, "in use: %.500s", real);
    return 0;
}

int hg_lookup_find(struct hg_lookup *l, const uint8_t sha256[32], uint32_t kind, uint8_t **encoded,
                   size_t *size, struct hg_error *err)
{
    const uint8_t *known = hg_memo_find(&l->memo, sha256, kind, size);
    if (known != NULL) {
        *encoded = malloc(*size);
        if (*encoded == NULL)
            return 0;
        memcpy(*encoded, known, *size);
        return 1;
    }
    int rc = l->tried ? 0 : open_cache(l, err);
    if (rc != 0 || l->cache == NULL)
        return rc;
    rc = hg_cache_find(l->cache, sha256, kind, encoded, size, err);
    if (rc < 0)
        return give_up(l, rc, err);
    if (rc == 0)
        return 0;
    struct hg_findings findings = {0};
    rc = hg_codec_decode(*encoded, *size, &findings);
    hg_findings_clear(&findings);
    if (rc != 0) {
        free(*encoded);
        *encoded = NULL;
        return give_up(
            l, rc,
            (hg_error_set(err, rc, "an entry is not what this version writes; it can be deleted"), err));
    }
    hg_memo_put(&l->memo, sha256, kind, *encoded, *size);
    return 1;
}

int hg_lookup_store(struct hg_lookup *l, const uint8_t sha256[32], uint32_t kind, const uint8_t *encoded,
                    size_t size, struct hg_error *err)
{
    hg_memo_put(&l->memo, sha256, kind, encoded, size);
    if (l->cache == NULL)
        return 0;
    int rc = hg_cache_store(l->cache, sha256, kind, encoded, size, err);
    return rc < 0 ? give_up(l, rc, err) : 0;
}
