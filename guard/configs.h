/* SPDX-License-Identifier: Apache-2.0 */
/* Whose code the models in the hub caches name. Their configuration files are read here and parsed by the
 * scan worker: a process of the attacked side loads other/code because a file of org/model says so, and only
 * that file tells. */
#ifndef HUBGUARD_GUARD_CONFIGS_H
#define HUBGUARD_GUARD_CONFIGS_H

#include "guard/pool.h"
#include "policy/origin.h"
#include "shim/roots.h"

struct hg_configs;

/* Borrows all three. 0 or -ENOMEM. */
int hg_configs_new(struct hg_pool *pool, const struct hg_roots *roots, uint64_t max_size,
                   struct hg_configs **out);
/* Before hg_pool_stop(), which ends what is under way: nothing more is handed to the pool. */
void hg_configs_stop(struct hg_configs *configs);
/* After hg_pool_stop(). */
void hg_configs_free(struct hg_configs *configs);

/* Read the *config.json files of every snapshot that are new since the last time: those of the hub caches
 * among the roots, and of `hub` (may be NULL). Bounded in entries and bytes. `done` is called once, maybe
 * before this returns. */
void hg_configs_update(struct hg_configs *configs, const char *hub, void (*done)(void *owner), void *owner);

struct hg_naming {
    char by[HG_ORIGIN_NAME_MAX]; /* the repository whose configuration it is */
    char evidence[256];          /* "config.json:4 other/code--modeling_x.XModel", printable */
    bool unread;                 /* the file was too large, or its scan failed: it can name anything */
};

/* Whether code of `origin` was named by another repository, and came from the main branch because of that
 * (refs/main leads to its revision: with code_revision= a program pins it all the same). */
bool hg_configs_naming(const struct hg_configs *configs, const struct hg_origin *origin, const char *hub,
                       struct hg_naming *out);

/* The hub cache that a path lies in ("<hub>/models--org--name/..."). False when it lies in none. */
bool hg_configs_hub(const char *path, char *out, size_t size);

#endif
