/* SPDX-License-Identifier: Apache-2.0 */
/* hubguard.lock: exactly these bytes are approved. JSON, made to be committed: stable order. */
#ifndef HUBGUARD_POLICY_LOCK_H
#define HUBGUARD_POLICY_LOCK_H

#include <stddef.h>

#include "scanner/error.h"
#include "shim/roots.h"

#define HG_SHA256_HEX 65 /* 64 lower-case hex digits and the NUL */

struct hg_lock_entry {
    char sha256[HG_SHA256_HEX];
    char *repository;       /* "org/name", or "" when approved by digest alone */
    char *revision;         /* or "" */
    char *file;             /* path inside the repository, or "" */
    char *who, *when, *why; /* when: RFC 3339 UTC; why may be "" */
};

struct hg_lock; /* opaque */

/* Read a lock file. A missing file gives an empty lock and 0. A file that is no valid lock (JSON, version, a
 * digest that is not 64 hex digits, an unknown key, a file over 16 MiB): -EINVAL with file and position.
 * -EACCES, -EIO, -ENOMEM. */
int hg_lock_load(const char *path, struct hg_lock **out, struct hg_error *err);
int hg_lock_parse(const char *text, size_t size, const char *name, struct hg_lock **out,
                  struct hg_error *err);
void hg_lock_free(struct hg_lock *lock);
/* -EPERM when the file lies under a guarded root, by its spelling or by where its links lead: remote
 * repositories fill those, and would approve themselves. Call it before hg_lock_load and hg_lock_save. */
int hg_lock_check_place(const char *path, const struct hg_roots *roots, struct hg_error *err);
/* Entry for these bytes, or NULL. `sha256` is 64 hex digits. Owned by the lock. */
const struct hg_lock_entry *hg_lock_find(const struct hg_lock *lock, const char *sha256);
size_t hg_lock_count(const struct hg_lock *lock);
const struct hg_lock_entry *hg_lock_at(const struct hg_lock *lock, size_t index);
/* Add or replace (same sha256, repository and file) a copy of *entry. 0, -ENOMEM, -EINVAL. */
int hg_lock_put(struct hg_lock *lock, const struct hg_lock_entry *entry, struct hg_error *err);
/* Write a temporary file beside `path`, fsync, rename: a full disk or a crash leaves the old file whole. */
int hg_lock_save(const struct hg_lock *lock, const char *path, struct hg_error *err);

#endif
