/* SPDX-License-Identifier: Apache-2.0 */
/* The text of hubguard.lock. Internal to policy/. */
#ifndef HUBGUARD_POLICY_LOCK_JSON_H
#define HUBGUARD_POLICY_LOCK_JSON_H

#include <stdio.h>

#include "policy/lock.h"

#define HG_LOCK_VERSION 1

/* 0, or -EINVAL with what no lock file may hold: a digest that is none, a missing string, a time that is
 * none, control characters, bytes that are no UTF-8. */
int hg_lock_json_check(const struct hg_lock_entry *entry, struct hg_error *err);
/* Each entry in the order of the file, valid during the call only; what `each` returns below 0 ends it. */
int hg_lock_json_parse(const char *text, size_t size, const char *name,
                       int (*each)(void *ctx, const struct hg_lock_entry *entry), void *ctx,
                       struct hg_error *err);
/* 0 or -EIO. */
int hg_lock_json_write(const struct hg_lock *lock, FILE *out);

#endif
