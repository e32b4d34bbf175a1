/* SPDX-License-Identifier: Apache-2.0 */
/* What a model's JSON names as code of another repository: "auto_map": {"AutoModel": "org/name--file.Class"}.
 * transformers then takes file.py from the main branch of org/name, whatever `revision` was asked for
 * (get_class_from_dynamic_module in dynamic_module_utils.py). */
#ifndef HUBGUARD_SCANNER_AUTO_MAP_H
#define HUBGUARD_SCANNER_AUTO_MAP_H

#include "scanner/engine.h"

#define HG_RULE_AUTO_MAP "HG-HUB-003"

/* Append a finding for each such name below any key "auto_map": its line, the key in the message, and the
 * name itself as the whole evidence. A repository that names itself is left out when `in->name` says which
 * one it is (".../models--org--name/snapshots/REVISION/..."). Linear in the input, no recursion, no memory
 * but for findings. What is no JSON is no finding: no loader accepts it either. Returns 0 or -ENOMEM. */
int hg_auto_map_scan(const struct hg_scan_input *in, struct hg_findings *out);

const struct hg_rule_info *hg_auto_map_rules(size_t *count);

#endif
