/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/lock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/lock_json.h"
#include "policy/read.h"

#define FILE_MAX (16u << 20)

struct hg_lock {
    struct hg_lock_entry *entries; /* by repository, file, sha256: the order of the file */
    size_t *by_digest;             /* the same, by sha256: for hg_lock_find */
    size_t count, capacity;
};

static int compare(const struct hg_lock_entry *a, const struct hg_lock_entry *b)
{
    int c = strcmp(a->repository, b->repository);
    if (c == 0)
        c = strcmp(a->file, b->file);
    return c != 0 ? c : strcmp(a->sha256, b->sha256);
}

static int compare_entries(const void *a, const void *b)
{
    return compare(a, b);
}

static int compare_digests(const void *a, const void *b, void *entries)
{
    const struct hg_lock_entry *all = entries;
    size_t i = *(const size_t *)a, j = *(const size_t *)b;
    int c = strcmp(all[i].sha256, all[j].sha256);
    return c != 0 ? c : (i > j) - (i < j);
}

static void sort(struct hg_lock *lock)
{
    if (lock->count == 0)
        return;
    qsort(lock->entries, lock->count, sizeof *lock->entries, compare_entries);
    for (size_t i = 0; i < lock->count; i++)
        lock->by_digest[i] = i;
    qsort_r(lock->by_digest, lock->count, sizeof *lock->by_digest, compare_digests, lock->entries);
}

static void entry_free(struct hg_lock_entry *e)
{
    free(e->repository);
    free(e->revision);
    free(e->file);
    free(e->who);
    free(e->when);
    free(e->why);
}

void hg_lock_free(struct hg_lock *lock)
{
    if (lock == NULL)
        return;
    for (size_t i = 0; i < lock->count; i++)
        entry_free(&lock->entries[i]);
    free(lock->entries);
    free(lock->by_digest);
    free(lock);
}

static int entry_copy(struct hg_lock_entry *to, const struct hg_lock_entry *from)
{
    memcpy(to->sha256, from->sha256, sizeof to->sha256);
    to->repository = strdup(from->repository);
    to->revision = strdup(from->revision);
    to->file = strdup(from->file);
    to->who = strdup(from->who);
    to->when = strdup(from->when);
    to->why = strdup(from->why);
    if (to->repository != NULL && to->revision != NULL && to->file != NULL && to->who != NULL &&
        to->when != NULL && to->why != NULL)
        return 0;
    entry_free(to);
    return -ENOMEM;
}

static int grow(struct hg_lock *lock)
{
    if (lock->count < lock->capacity)
        return 0;
    size_t capacity = lock->capacity > 0 ? lock->capacity * 2 : 16;
    struct hg_lock_entry *entries = realloc(lock->entries, capacity * sizeof *entries);
    if (entries == NULL)
        return -ENOMEM;
    lock->entries = entries;
    size_t *order = realloc(lock->by_digest, capacity * sizeof *order);
    if (order == NULL)
        return -ENOMEM;
    lock->by_digest = order;
    lock->capacity = capacity;
    return 0;
}

/* Append without sorting. */
static int append(struct hg_lock *lock, const struct hg_lock_entry *entry)
{
    int rc = grow(lock);
    if (rc == 0)
        rc = entry_copy(&lock->entries[lock->count], entry);
    if (rc == 0)
        lock->count++;
    return rc;
}

static int on_entry(void *ctx, const struct hg_lock_entry *entry)
{
    return append(ctx, entry);
}

int hg_lock_parse(const char *text, size_t size, const char *name, struct hg_lock **out, struct hg_error *err)
{
    struct hg_lock *lock = calloc(1, sizeof *lock);
    if (lock == NULL)
        return hg_error_set(err, -ENOMEM, "out of memory");
    int rc = hg_lock_json_parse(text, size, name, on_entry, lock, err);
    if (rc == 0)
        sort(lock);
    for (size_t i = 1; rc == 0 && i < lock->count; i++)
        if (compare(&lock->entries[i - 1], &lock->entries[i]) == 0)
            rc = hg_error_set(err, -EINVAL, "%.300s: %s is there twice for the same file", name,
                              lock->entries[i].sha256);
    if (rc < 0) {
        hg_lock_free(lock);
        return rc;
    }
    *out = lock;
    return 0;
}

int hg_lock_load(const char *path, struct hg_lock **out, struct hg_error *err)
{
    static const char empty[] = "{\"version\": 1, \"approved\": []}";
    struct stat st;
    char *text = NULL;
    size_t size = 0;
    struct hg_error unread = {""};
    int rc = hg_read_small(path, FILE_MAX, &text, &size, &st, &unread);
    if (rc == -ENOENT)
        return hg_lock_parse(empty, sizeof empty - 1, path, out, err);
    if (rc < 0)
        return hg_error_set(err, rc, "%s", unread.text);
    if ((st.st_mode & S_IWOTH) != 0)
        rc = hg_error_set(err, -EINVAL,
                          "%.200s: everybody may write it, and so approve anything; run: chmod o-w %.200s",
                          path, path);
    else
        rc = hg_lock_parse(text, size, path, out, err);
    free(text);
    return rc;
}

int hg_lock_check_place(const char *path, const struct hg_roots *roots, struct hg_error *err)
{
    char clean[PATH_MAX], resolved[PATH_MAX], whole[2 * PATH_MAX];
    int rc = hg_path_clean(path, NULL, clean, sizeof clean);
    /* Links are followed from the text as it stands: behind one, .. means another directory. */
    (void)snprintf(whole, sizeof whole, "%s", path);
    if (rc > 0 && path[0] != '/') {
        char here[PATH_MAX];
        if (hg_path_clean(".", NULL, here, sizeof here) > 0)
            (void)snprintf(whole, sizeof whole, "%s/%s", here, path);
    }
    if (rc > 0)
        rc = hg_path_resolve(whole, resolved, sizeof resolved);
    if (rc < 0)
        return hg_error_set(err, -EPERM, "%.200s: where it lies cannot be worked out: %s", path,
                            strerror(-rc));
    const struct hg_root *root = hg_roots_match(roots, clean);
    if (root == NULL)
        root = hg_roots_match(roots, resolved);
    if (root == NULL)
        return 0;
    return hg_error_set(
        err, -EPERM,
        "%.150s: lies under the guarded directory %.150s, which remote repositories fill; name another "
        "lock file",
        path, root->path);
}

size_t hg_lock_count(const struct hg_lock *lock)
{
    return lock->count;
}

const struct hg_lock_entry *hg_lock_at(const struct hg_lock *lock, size_t index)
{
    return index < lock->count ? &lock->entries[index] : NULL;
}

const struct hg_lock_entry *hg_lock_find(const struct hg_lock *lock, const char *sha256)
{
    size_t low = 0, high = lock->count;
    while (low < high) { /* the first that is not below */
        size_t middle = low + (high - low) / 2;
        if (strcmp(lock->entries[lock->by_digest[middle]].sha256, sha256) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == lock->count || strcmp(lock->entries[lock->by_digest[low]].sha256, sha256) != 0)
        return NULL;
    return &lock->entries[lock->by_digest[low]];
}

int hg_lock_put(struct hg_lock *lock, const struct hg_lock_entry *entry, struct hg_error *err)
{
    struct hg_lock_entry copy;
    int rc = hg_lock_json_check(entry, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < lock->count; i++) {
        if (compare(&lock->entries[i], entry) != 0)
            continue;
        if (entry_copy(&copy, entry) < 0)
            return hg_error_set(err, -ENOMEM, "out of memory");
        entry_free(&lock->entries[i]);
        lock->entries[i] = copy;
        return 0;
    }
    if (append(lock, entry) < 0)
        return hg_error_set(err, -ENOMEM, "out of memory");
    sort(lock);
    return 0;
}
