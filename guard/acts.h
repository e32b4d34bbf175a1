/* SPDX-License-Identifier: Apache-2.0 */
/* What caged code tried: attributed, told, recorded. Bounded: a flood of refusals costs neither the disk nor
 * memory. */
#ifndef HUBGUARD_GUARD_ACTS_H
#define HUBGUARD_GUARD_ACTS_H

#include "guard/events.h"
#include "guard/memo.h"
#include "policy/cage.h"

enum hg_act_kind {
    HG_ACT_EXEC = 0,
    HG_ACT_CONNECT,
    HG_ACT_RESOLVE,
    HG_ACT_WRITE,
    HG_ACT_READ,
    HG_ACT_ATTR,
    HG_ACT_CALL
};

struct hg_act {
    enum hg_act_kind kind;
    pid_t pid, tid;
    bool hook;          /* told by a hook; else the kernel notified */
    const char *object; /* "" when unknown */
    const char *call;   /* system call, or NULL */
    const char *frame;  /* co_filename of the remote frame, "" when unknown */
    uint32_t line;
};

/* New events a second once the first HG_ACTS_BURST are written; what is more is only counted. */
#define HG_ACTS_BURST  2000
#define HG_ACTS_SECOND 10

struct hg_acts {
    const struct hg_policy *policy;
    const struct hg_roots *roots;
    struct hg_report *report;
    struct hg_cage_facts *facts;
    struct hg_seen seen;
    uint64_t tokens, filled_ms;
};

/* All borrowed. 0, or -errno (no random numbers). */
int hg_acts_open(struct hg_acts *acts, const struct hg_policy *policy, const struct hg_roots *roots,
                 struct hg_report *report, struct hg_cage_facts *facts);
/* The same act of the same process again is counted and not reported; an allowed act is reported once for
 * all processes. */
void hg_acts_record(struct hg_acts *acts, const struct hg_act *act, enum hg_act_verdict verdict);
/* "hubguard: org/name@1a2b3c4 modeling_x.py:42 tried to run /bin/sh (exec.allow = python)", without a
 * newline. Returns the length (< size). */
size_t hg_acts_message(const struct hg_acts *acts, const struct hg_act *act, char *out, size_t size);
/* The kind that HG_REQ_ACT names, or -1. */
int hg_acts_kind(const char *name);

#endif
