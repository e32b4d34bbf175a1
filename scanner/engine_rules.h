/* SPDX-License-Identifier: Apache-2.0 */
/* Findings that no rule file makes: what the engine could not read, or read and would not go on with. */
#ifndef HUBGUARD_SCANNER_ENGINE_RULES_H
#define HUBGUARD_SCANNER_ENGINE_RULES_H

#include "scanner/engine.h"

enum hg_engine_rule_id {
    HG_ER_CODEC = 0,
    HG_ER_ENCODING,
    HG_ER_BIDI,
    HG_ER_SYNTAX,
    HG_ER_CAP,
    HG_ER_NUL,
    HG_ER_LAYER,
    HG_ER_COUNT
};

struct hg_engine_place {
    enum hg_reach reach;
    uint32_t line, column;
    const char *layers; /* NULL: the file itself */
};

/* Append the finding. `detail` is one escaped line for people and may be NULL. Returns 0 or -ENOMEM. */
int hg_engine_report(enum hg_engine_rule_id id, const struct hg_engine_place *place, const char *detail,
                     struct hg_findings *out);
/* The catalogue; NULL past the end. */
const struct hg_rule_info *hg_engine_rule_info(size_t index);

#endif
