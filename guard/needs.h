/* SPDX-License-Identifier: Apache-2.0 */
/* What the cage of a policy needs of a kernel: one table, for the refusal when something lacks and for
 * `hubguard doctor`. */
#ifndef HUBGUARD_GUARD_NEEDS_H
#define HUBGUARD_GUARD_NEEDS_H

#include <stdbool.h>
#include <stddef.h>

#include "guard/machine.h"
#include "policy/policy.h"

struct hg_need {
    const char *what;
    bool present, needed; /* `needed` by this policy; what is not makes the cage stronger where it is there */
    char by[160];         /* the policy's line: "[fs] write (FILE:12)" */
    const char *state;    /* in words, when it is not there; "" when not known */
    const char *remedy;
};

/* How many rows there are. */
size_t hg_needs_count(void);
void hg_needs_row(const struct hg_machine *machine, const struct hg_policy *policy, size_t i,
                  struct hg_need *out);
/* The first row that is needed and not present: true and *out. */
bool hg_needs_lack(const struct hg_machine *machine, const struct hg_policy *policy, struct hg_need *out);
/* Why there is no Landlock, in words. */
const char *hg_needs_landlock(const struct hg_machine *machine);

#endif
