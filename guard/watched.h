/* SPDX-License-Identifier: Apache-2.0 */
/* The directories that are guarded: those of this process's environment, and the policy's extra ones. */
#ifndef HUBGUARD_GUARD_WATCHED_H
#define HUBGUARD_GUARD_WATCHED_H

#include "policy/lock.h"
#include "policy/policy.h"

/* Allocates *out (free(3) it). 0, -ENOMEM, -ENOSPC when there are too many; *out is NULL on failure. */
int hg_watched_roots(const struct hg_policy *policy, struct hg_roots **out, struct hg_error *err);
/* The policy's lock file, or an empty lock when there is none. A lock that lies where remote repositories
 * write is an error
 * (-EPERM): it would let them approve themselves. *out is NULL on failure. */
int hg_watched_lock(const struct hg_policy *policy, const struct hg_roots *roots, struct hg_lock **out,
                    struct hg_error *err);

#endif
