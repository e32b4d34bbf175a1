/* SPDX-License-Identifier: Apache-2.0 */
/* What the policy means for each system call of this machine: from this the seccomp programs and the OCI
 * profile are written. Internal to policy/. */
#ifndef HUBGUARD_POLICY_CAGE_PLAN_H
#define HUBGUARD_POLICY_CAGE_PLAN_H

#include <stdint.h>

#include "policy/cage.h"

#define HG_PLAN_CALLS        1024 /* numbers from here on are no calls of a kernel yet, or x32's */
#define HG_PLAN_ROWS         64
#define HG_LANDLOCK_TRUNCATE 3 /* the ABI that knows truncation as a right */
#define HG_LANDLOCK_SIGNALS  6 /* the ABI whose scope holds signals back */

/* (argument `arg` & mask) == value. */
struct hg_compare {
    unsigned arg;
    uint32_t mask, value;
};

/* Holds when every comparison does. */
struct hg_condition {
    int call;
    unsigned count;
    struct hg_compare compare[3];
};

struct hg_plan {
    struct {
        uint8_t verdict; /* enum hg_call_verdict */
        uint8_t error;   /* HG_CALL_ERRNO */
    } calls[HG_PLAN_CALLS];
    /* Of the calls that are allowed: one with rows in `allow` only when one of them holds, one with rows in
     * `refuse` unless one of them holds (then EPERM, in the filter). */
    struct hg_condition allow[HG_PLAN_ROWS], refuse[HG_PLAN_ROWS];
    size_t allow_count, refuse_count;
};

/* `alone`: without guard and Landlock. `observe` changes nothing here. */
void hg_plan_make(const struct hg_filter_options *options, bool alone, struct hg_plan *out);

#endif
