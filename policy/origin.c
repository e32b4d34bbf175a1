/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a cache path backwards. Layouts: huggingface_hub/file_download.py (repo_folder_name,
 * _get_pointer_path), transformers/dynamic_module_utils.py (get_cached_module_file), diffusers, datasets and
 * evaluate likewise, torch/hub.py
 * (_get_cache_or_reload). A repository may hold folders that look like a cache: only the first components
 * below the root count. */
#include "policy/origin.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/origin_cache.h"
#include "shim/roots.h"

#define COMPONENTS_MAX 16

/* Spans of the first components of a path below its root. */
struct parts {
    struct {
        const char *text;
        size_t len;
    } at[COMPONENTS_MAX];
    size_t count;
};

static void split(const char *path, struct parts *out)
{
    out->count = 0;
    while (out->count < COMPONENTS_MAX) {
        while (*path == '/')
            path++;
        if (*path == '\0')
            return;
        size_t len = strcspn(path, "/");
        out->at[out->count].text = path;
        out->at[out->count++].len = len;
        path += len;
    }
}

static bool is_part(const struct parts *p, size_t i, const char *name)
{
    return i < p->count && p->at[i].len == strlen(name) && memcmp(p->at[i].text, name, p->at[i].len) == 0;
}

static bool is_hex(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
            return false;
    return len > 0;
}

static bool is_hex_part(const struct parts *p, size_t i, size_t digits)
{
    return i < p->count && p->at[i].len == digits && is_hex(p->at[i].text, digits);
}

/* Part `i` into a buffer; false when it does not fit. */
static bool copy_part(const struct parts *p, size_t i, char *out, size_t size)
{
    if (i >= p->count || p->at[i].len >= size)
        return false;
    memcpy(out, p->at[i].text, p->at[i].len);
    out[p->at[i].len] = '\0';
    return true;
}

static void set_revision(struct hg_origin *out, const char *text, size_t len)
{
    if (len >= sizeof out->revision)
        return;
    memcpy(out->revision, text, len);
    out->revision[len] = '\0';
    out->pinned = len == 40 && is_hex(text, len);
}

/* Everything from part `i` on. */
static void set_file(struct hg_origin *out, const struct parts *p, size_t i)
{
    if (i < p->count)
        (void)snprintf(out->file, sizeof out->file, "%s", p->at[i].text);
}

/* --- hub cache
 * ------------------------------------------------------------------------------------------------ */

static void hub_cache(const char *root, const struct parts *p, struct hg_origin *out)
{
    char folder[NAME_MAX + 1], blob[NAME_MAX + 1];
    if (!copy_part(p, 0, folder, sizeof folder) ||
        !hg_cache_repository(folder, out->repository, sizeof out->repository))
        return;
    (void)snprintf(out->platform, sizeof out->platform, "huggingface");
    if (is_part(p, 1, "snapshots") && p->count > 3) {
        set_revision(out, p->at[2].text, p->at[2].len);
        set_file(out, p, 3);
    } else if (is_part(p, 1, "blobs") && p->count == 3 && copy_part(p, 2, blob, sizeof blob)) {
        struct hg_cache_place place;
        if (!hg_cache_find_blob(root, folder, blob, &place))
            return;
        set_revision(out, place.revision, strlen(place.revision));
        (void)snprintf(out->file, sizeof out->file, "%s", place.file);
    }
}

/* --- modules cache
 * -------------------------------------------------------------------------------------------- */

/* The component as transformers writes it since it sanitises names, read the other way as well as that goes.
 */
static void unescape(const char *from, size_t len, char *out, size_t size)
{
    static const struct {
        const char *text;
        char means;
    } escapes[] = {{"_dot_", '.'}, {"_hyphen_", '-'}};
    size_t n = 0, i = len > 1 && from[0] == '_' && from[1] >= '0' && from[1] <= '9' ? 1 : 0;
    while (i < len && n + 1 < size) {
        size_t step = 1;
        char c = from[i];
        for (size_t e = 0; e < 2; e++) {
            size_t m = strlen(escapes[e].text);
            if (len - i >= m && memcmp(from + i, escapes[e].text, m) == 0) {
                c = escapes[e].means;
                step = m;
            }
        }
        out[n++] = c;
        i += step;
    }
    out[n] = '\0';
}

/* transformers_modules/[<org>/]<name>/<40 hex>/<file> */
static void transformers_remote(const char *root, const struct parts *p, size_t sha, struct hg_origin *out)
{
    char org[HG_ORIGIN_NAME_MAX] = "", name[HG_ORIGIN_NAME_MAX], commit[41];
    set_revision(out, p->at[sha].text, p->at[sha].len);
    set_file(out, p, sha + 1);
    if (!copy_part(p, sha, commit, sizeof commit) || !copy_part(p, sha - 1, name, sizeof name) ||
        (sha == 3 && !copy_part(p, 1, org, sizeof org)))
        return;
    if (hg_cache_find_escaped(root, org, name, commit, out->repository, sizeof out->repository))
        return;
    char plain_org[HG_ORIGIN_NAME_MAX], plain_name[HG_ORIGIN_NAME_MAX];
    unescape(org, strlen(org), plain_org, sizeof plain_org);
    unescape(name, strlen(name), plain_name, sizeof plain_name);
    int n = snprintf(out->repository, sizeof out->repository, "%s%s%s", plain_org, org[0] != '\0' ? "/" : "",
                     plain_name);
    if (n < 0 || (size_t)n >= sizeof out->repository)
        out->repository[0] = '\0';
    out->guessed = strcmp(plain_org, org) != 0 || strcmp(plain_name, name) != 0;
}

/* transformers_modules/<name of a local directory>[/<16 hex>]/<file>. The directory can be a snapshot, named
 * by its commit. */
static void transformers_local(const char *root, const struct parts *p, struct hg_origin *out)
{
    char commit[HG_ORIGIN_NAME_MAX];
    if (!copy_part(p, 1, commit, sizeof commit))
        return;
    const char *hex = commit[0] == '_' ? commit + 1 : commit;
    if (strlen(hex) != 40 || !is_hex(hex, 40) ||
        !hg_cache_find_escaped(root, NULL, NULL, hex, out->repository, sizeof out->repository))
        return;
    set_revision(out, hex, 40);
    set_file(out, p, is_hex_part(p, 2, 16) ? 3 : 2);
}

static void transformers_modules(const char *root, const struct parts *p, struct hg_origin *out)
{
    if (is_hex_part(p, 3, 40) && p->count > 4)
        transformers_remote(root, p, 3, out);
    else if (is_hex_part(p, 2, 40) && p->count > 3)
        transformers_remote(root, p, 2, out);
    else
        transformers_local(root, p, out);
}

/* "org--name" as diffusers, datasets and evaluate write it, with what the hub's URLs put in front. */
static void flat_name(const struct parts *p, size_t i, const char *kind, struct hg_origin *out)
{
    char folder[NAME_MAX + 1], whole[NAME_MAX + 16];
    if (!copy_part(p, i, folder, sizeof folder))
        return;
    (void)snprintf(whole, sizeof whole, "%s--%s", kind, folder);
    (void)hg_cache_repository(whole, out->repository, sizeof out->repository);
}

static void modules_cache(const char *root, const struct parts *p, struct hg_origin *out)
{
    (void)snprintf(out->platform, sizeof out->platform, "huggingface");
    if (is_part(p, 0, "transformers_modules")) {
        transformers_modules(root, p, out);
    } else if (is_part(p, 0, "diffusers_modules") && is_part(p, 1, "local") && is_hex_part(p, 3, 40) &&
               p->count > 4) {
        flat_name(p, 2, "models", out);
        set_revision(out, p->at[3].text, p->at[3].len);
        set_file(out, p, 4);
    } else if (is_part(p, 0, "diffusers_modules") && is_part(p, 1, "git") && p->count == 3) {
        (void)snprintf(out->repository, sizeof out->repository,
                       "datasets/diffusers/community-pipelines-mirror");
        set_file(out, p, 2);
    } else if (is_part(p, 0, "datasets_modules") && is_part(p, 1, "datasets") && is_hex_part(p, 3, 64) &&
               p->count > 4) {
        flat_name(p, 2, "datasets", out); /* the hash is of the contents, not a commit */
        set_file(out, p, 4);
    } else if (is_part(p, 0, "evaluate_modules") && is_hex_part(p, 3, 64) && p->count > 4) {
        flat_name(p, 2, "spaces", out);
        set_file(out, p, 4);
    }
}

/* --- torch.hub
 * ------------------------------------------------------------------------------------------------ */

/* <owner>_<repo>_<ref>/<file>. An owner has no underscore; where the repository ends only trusted_list can
 * tell. */
static void torch_hub(const char *root, const struct parts *p, struct hg_origin *out)
{
    char folder[NAME_MAX + 1], known[HG_ORIGIN_NAME_MAX];
    if (p->count < 2 || is_part(p, 0, "checkpoints") || !copy_part(p, 0, folder, sizeof folder))
        return;
    (void)snprintf(out->platform, sizeof out->platform, "torchhub");
    char *repo = strchr(folder, '_');
    char *ref = strrchr(folder, '_');
    if (repo == NULL || ref == repo || repo == folder)
        return;
    if (hg_cache_trusted(root, folder, known, sizeof known)) {
        ref = folder + strlen(known);
    } else {
        char *first = strchr(repo + 1, '_');
        out->guessed = first != ref;
    }
    int n = snprintf(out->repository, sizeof out->repository, "%.*s/%.*s", (int)(repo - folder), folder,
                     (int)(ref - repo - 1), repo + 1);
    if (n < 0 || (size_t)n >= sizeof out->repository)
        out->repository[0] = '\0';
    set_revision(out, ref + 1, strlen(ref + 1));
    set_file(out, p, 1);
}

/* torch.hub has no mark of its own in a path: the root says it, or the folder's hubconf.py. */
static bool is_torch_hub(const char *root, const struct parts *p)
{
    char path[PATH_MAX];
    static const char usual[] = "/torch/hub";
    size_t len = strlen(root);
    if (len >= sizeof usual - 1 && strcmp(root + len - (sizeof usual - 1), usual) == 0)
        return true;
    int n = snprintf(path, sizeof path, "%s/trusted_list", root);
    if (n > 0 && (size_t)n < sizeof path && access(path, F_OK) == 0)
        return true;
    if (p->count < 2)
        return false;
    n = snprintf(path, sizeof path, "%s/%.*s/hubconf.py", root, (int)p->at[0].len, p->at[0].text);
    return n > 0 && (size_t)n < sizeof path && access(path, F_OK) == 0;
}

/* --- all of them
 * ---------------------------------------------------------------------------------------------- */

static bool known_hub_part(const struct parts *p, size_t i)
{
    char folder[NAME_MAX + 1], repository[HG_ORIGIN_NAME_MAX];
    return copy_part(p, i, folder, sizeof folder) &&
           hg_cache_repository(folder, repository, sizeof repository) &&
           (is_part(p, i + 1, "snapshots") || is_part(p, i + 1, "blobs"));
}

static bool known_modules_part(const struct parts *p, size_t i)
{
    return is_part(p, i, "transformers_modules") || is_part(p, i, "diffusers_modules") ||
           is_part(p, i, "datasets_modules") || is_part(p, i, "evaluate_modules");
}

/* `below` is what stands in `path` behind `root`. An extra root can hold a cache further down: the outermost
 * counts. */
static bool from_path(const char *root, const char *below, struct hg_origin *out)
{
    char cache[PATH_MAX];
    struct parts p;
    split(below, &p);
    for (size_t i = 0; i < p.count; i++) {
        bool hub = known_hub_part(&p, i);
        if (!hub && !known_modules_part(&p, i))
            continue;
        int n = snprintf(cache, sizeof cache, "%s%.*s", root, (int)(p.at[i].text - below), below);
        if (n < 0 || (size_t)n >= sizeof cache)
            return false;
        split(p.at[i].text, &p);
        (hub ? hub_cache : modules_cache)(cache, &p, out);
        return true;
    }
    if (!is_torch_hub(root, &p))
        return false;
    torch_hub(root, &p, out);
    return true;
}

static const char *below_root(const char *path, const char *root)
{
    size_t len = strlen(root);
    while (len > 0 && root[len - 1] == '/')
        len--;
    if (path == NULL || strncmp(path, root, len) != 0 || path[len] != '/')
        return NULL;
    return path + len;
}

void hg_origin_of(const char *path, const char *resolved, const char *root, struct hg_origin *out)
{
    struct hg_origin found;
    memset(out, 0, sizeof *out);
    const char *const spellings[] = {path, resolved};
    for (size_t i = 0; i < 2; i++) {
        const char *below = root != NULL ? below_root(spellings[i], root) : NULL;
        memset(&found, 0, sizeof found);
        if (below == NULL || !from_path(root, below, &found))
            continue;
        if (out->repository[0] == '\0')
            *out = found;
    }
    if (out->repository[0] == '\0' || out->file[0] == '\0')
        (void)snprintf(out->file, sizeof out->file, "%s", path);
}

/* --- blob names
 * ----------------------------------------------------------------------------------------------- */

static bool digest(const EVP_MD *type, const char *head, size_t head_size, const void *bytes, size_t size,
                   unsigned char *out)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx != NULL && EVP_DigestInit_ex(ctx, type, NULL) == 1 &&
                EVP_DigestUpdate(ctx, head, head_size) == 1 && EVP_DigestUpdate(ctx, bytes, size) == 1 &&
                EVP_DigestFinal_ex(ctx, out, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

int hg_origin_blob_matches(const char *resolved, const void *bytes, unsigned long size)
{
    static const char folder[] = "/blobs";
    unsigned char raw[EVP_MAX_MD_SIZE];
    char head[32], hex[65];
    const char *name = resolved != NULL ? strrchr(resolved, '/') : NULL;
    if (name == NULL || name - resolved < (ptrdiff_t)sizeof folder - 1 ||
        memcmp(name - (sizeof folder - 1), folder, sizeof folder - 1) != 0)
        return -1;
    size_t len = strlen(++name);
    if ((len != 40 && len != 64) || !is_hex(name, len))
        return -1;
    /* A git blob is hashed behind a header that ends in a NUL (gitformat-pack(5)); an LFS file as it is. */
    int head_size = len == 40 ? snprintf(head, sizeof head, "blob %lu", size) + 1 : 0;
    if (!digest(len == 40 ? EVP_sha1() : EVP_sha256(), head, (size_t)head_size, bytes, size, raw))
        return 0;
    for (size_t i = 0; i < len / 2; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", raw[i]);
    return memcmp(hex, name, len) == 0;
}
