/* SPDX-License-Identifier: Apache-2.0 */
/* The directories that are guarded: those of this process's environment, and the policy's extra ones; and
 * what the policy takes out again. */
#ifndef HUBGUARD_GUARD_WATCHED_H
#define HUBGUARD_GUARD_WATCHED_H

#include "policy/lock.h"
#include "policy/policy.h"
#include "shim/roots.h"

/* Allocates *out (free(3) it). 0, -ENOMEM, -ENOSPC when there are too many; *out is NULL on failure. */
int hg_watched_roots(const struct hg_policy *policy, struct hg_roots **out, struct hg_error *err);
/* [roots] of a policy, for the question whether it watches a file. */
struct hg_watch_rules {
    struct hg_roots *extra, *exclude; /* NULL when the policy names none */
    bool automatic;
};
/* 0, or -errno with *err; hg_watch_rules_clear() in both cases. */
int hg_watch_rules_load(const struct hg_policy *policy, struct hg_watch_rules *out, struct hg_error *err);
void hg_watch_rules_clear(struct hg_watch_rules *rules);
/* `root` is the one that the shim says the file is under; `resolved` may be "". */
bool hg_watch_rules_exempt(const struct hg_watch_rules *rules, const char *path, const char *resolved,
                           const char *root);

/* The policy's lock file, or an empty lock when there is none. A lock that lies where remote repositories
 * write is an error
 * (-EPERM): it would let them approve themselves. *out is NULL on failure. */
int hg_watched_lock(const struct hg_policy *policy, const struct hg_roots *roots, struct hg_lock **out,
                    struct hg_error *err);

#endif
