/* SPDX-License-Identifier: Apache-2.0 */
/* Looking names up in the loaders' caches, to undo what a path alone does not say. Reads names and links
 * only, a bounded number of them. Internal to policy/. */
#ifndef HUBGUARD_POLICY_ORIGIN_CACHE_H
#define HUBGUARD_POLICY_ORIGIN_CACHE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* "models--org--name" to "org/name", "datasets--org--name" to "datasets/org/name". False when it is no such
 * folder. */
bool hg_cache_repository(const char *folder, char *out, size_t size);

struct hg_cache_place {
    char revision[NAME_MAX + 1];
    char file[PATH_MAX];
};
/* Which file of which snapshot below <hub>/<folder> links to blobs/<blob>. False when none does. */
bool hg_cache_find_blob(const char *hub, const char *folder, const char *blob, struct hg_cache_place *out);

/* The repository in a hub cache near `modules` (its sibling, then those of the environment) that has the
 * snapshot `commit` and whose organisation and name transformers would write as `org` and `name`. With both
 * NULL the commit decides alone. False when there is none or more than one. */
bool hg_cache_find_escaped(const char *modules, const char *org, const char *name, const char *commit,
                           char *out, size_t size);

/* The longest line of <hub>/trusted_list that `folder` begins with, "_" behind it. */
bool hg_cache_trusted(const char *hub, const char *folder, char *out, size_t size);
/* The same for the file's text, which may hold anything: the length of that line, 0 when there is none. */
size_t hg_cache_trusted_prefix(const char *text, size_t length, const char *folder);

#endif
