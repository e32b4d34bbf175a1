/* SPDX-License-Identifier: Apache-2.0 */
/* From what is known about some bytes to a verdict. Pure: no file, no clock, no state. */
#ifndef HUBGUARD_GUARD_DECIDE_H
#define HUBGUARD_GUARD_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"
#include "scanner/engine.h"
#include "shim/wire.h"

/* Rules of the engine that speak of the kind of file and not of what it does. */
#define HG_RULES_NATIVE  "HG-NATIVE-" /* all of them */
#define HG_RULE_NATIVE   "HG-NATIVE-001"
#define HG_RULE_BYTECODE "HG-BYTECODE-001"

enum hg_scan_state {
    HG_SCAN_PENDING = 0, /* not scanned yet */
    HG_SCAN_DONE,
    HG_SCAN_TIMEOUT,
    HG_SCAN_CRASHED, /* detail: the signal, or 0 when the worker just ended */
    HG_SCAN_FAILED   /* detail: errno of the engine; EBADMSG: the worker's answer was malformed */
};

struct hg_facts {
    uint32_t kind;    /* enum hg_req_kind */
    uint32_t trouble; /* enum hg_req_trouble */
    uint32_t error;   /* errno of HG_TROUBLE_READ */
    uint64_t size;
    enum hg_scan_kind scan_kind;
    bool unwatched; /* [roots] exclude or auto = no take this file out of the gate */
    bool approved;  /* the lock has exactly these bytes */
    enum hg_scan_state scan;
    int scan_detail;
    const struct hg_findings *findings; /* sorted; may be empty, not NULL */
};

enum hg_outcome { HG_OUT_ALLOW = 0, HG_OUT_WARN, HG_OUT_BLOCK, HG_OUT_APPROVED, HG_OUT_WOULD_BLOCK };

struct hg_decision {
    enum hg_outcome outcome;
    const struct hg_finding *cause; /* of facts->findings; NULL when no finding decided */
    char reason[160];               /* one line, clean; "" for a plain allow */
};

/* What the bytes of a request are, for the scanner: its kind, the flags, and for CODE the bytes themselves.
 */
enum hg_scan_kind hg_scan_kind_of(uint32_t kind, uint32_t flags, const uint8_t *bytes, size_t size);

/* Fill *out and return true, or return false when the answer hangs on a scan that is still pending. */
bool hg_decide(const struct hg_facts *facts, const struct hg_policy *policy, struct hg_decision *out);

/* Whether the process may go on. */
bool hg_outcome_allows(enum hg_outcome outcome);
const char *hg_outcome_name(enum hg_outcome outcome); /* as in events */

#endif
