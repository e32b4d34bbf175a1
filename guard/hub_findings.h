/* SPDX-License-Identifier: Apache-2.0 */
/* What the hub tells about a file beside its bytes: findings of the gate, not of the scanner. */
#ifndef HUBGUARD_GUARD_HUB_FINDINGS_H
#define HUBGUARD_GUARD_HUB_FINDINGS_H

#include "guard/configs.h"
#include "scanner/engine.h"

/* The catalogue: HG-HUB-001 and 002. HG-HUB-003 is the scanner's (auto_map.h), which finds it in a file too.
 */
const struct hg_rule_info *hg_hub_rules(size_t *count);

/* The blob's name against its bytes, and whether the revision is pinned. Appends; 0 or -ENOMEM. */
int hg_hub_findings(const struct hg_origin *origin, const char *resolved, const void *bytes, size_t size,
                    struct hg_findings *out);
/* Code that another repository's configuration named. Appends; 0 or -ENOMEM. */
int hg_hub_named(const struct hg_naming *naming, struct hg_findings *out);

#endif
