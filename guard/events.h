/* SPDX-License-Identifier: Apache-2.0 */
/* The report: one JSON object a line, one write(2) an event. The schema is docs/events.md. */
#ifndef HUBGUARD_GUARD_EVENTS_H
#define HUBGUARD_GUARD_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "guard/decide.h"
#include "guard/request.h"
#include "policy/origin.h"
#include "scanner/error.h"

#define HG_EVENTS_VERSION 1
#define HG_EVENT_FINDINGS 20 /* at most so many in one event; `findings_dropped` counts the others */

struct hg_counts {
    uint64_t outcomes[HG_OUT_WOULD_BLOCK + 1]; /* by enum hg_outcome */
    uint64_t scanned, cached, malformed, suppressed;
};

/* What became of the cage, counted by cage.c and acts.c. */
struct hg_cage_facts {
    uint64_t closed, failed; /* cages: one for each process that closed one, whatever it starts inside */
    bool landlock;           /* every cage that closed has a ruleset */
    int landlock_abi;
    uint64_t acts_refused, acts_would_refuse, acts_suppressed; /* the last: counted and not reported */
    char why[160];                                             /* of the first failure */
    char first_refusal[400];                                   /* in words, clean; "" for none */
};

/* What is true for the whole life of the guard. Borrowed strings; NULL where there is none. */
struct hg_about {
    const char *started_by;    /* "run" or "preload" */
    char *const *command;      /* argv of `run`, NULL-terminated; NULL for a preload */
    const char *policy_source; /* NULL: built-in default */
    const char *lock_file;
    size_t approvals;
    const char *ruleset;
    enum hg_mode mode;
    const char *cache;                /* state in words */
    const struct hg_cage_facts *cage; /* summary; NULL: there is no cage here */
};

struct hg_file_event {
    const struct hg_question *question;
    const struct hg_origin *origin;
    const struct hg_decision *decision;
    const struct hg_findings *findings;
    pid_t pid;
    const char *sha256; /* "" without bytes */
    uint64_t size, duration_us;
    bool cached;
};

enum hg_act_verdict { HG_ACT_ALLOW = 0, HG_ACT_REFUSE, HG_ACT_WOULD_REFUSE };

/* Something that the cage decided about. Strings are borrowed; NULL or "" where there is none. */
struct hg_act_event {
    pid_t pid, tid;
    bool hook;          /* told by a hook of the process; else the kernel notified */
    const char *act;    /* "exec", "connect", "resolve", "write", "read", "attr", "syscall" */
    const char *call;   /* name of the system call, where the kernel notified */
    const char *object; /* program, HOST:PORT, name, file */
    enum hg_act_verdict verdict;
    const char *reason;             /* "exec.allow = python" */
    const struct hg_origin *origin; /* of the remote frame; NULL: not known */
    uint32_t line;
};

struct hg_cage_event {
    pid_t pid;
    bool closed;
    bool observe;
    int landlock_abi;         /* 0: no ruleset */
    unsigned instructions[2]; /* of the seccomp programs */
    const char *reason;       /* of a failure */
    const char *path;         /* the file whose first statement was about to run */
};

struct hg_report;

/* Open for appending; `path` NULL makes a report that swallows everything. 0, or -errno with *err. */
int hg_report_open(const char *path, struct hg_report **out, struct hg_error *err);
void hg_report_close(struct hg_report *report);
/* Each returns 0, or the -errno of the first write that failed (later failures return 0 and are only
 * counted). */
int hg_report_start(struct hg_report *report, const struct hg_about *about);
int hg_report_file(struct hg_report *report, const struct hg_file_event *event);
int hg_report_act(struct hg_report *report, const struct hg_act_event *event);
int hg_report_cage(struct hg_report *report, const struct hg_cage_event *event);
int hg_report_warning(struct hg_report *report, const char *topic, const char *text);
int hg_report_summary(struct hg_report *report, const struct hg_about *about, const struct hg_counts *counts);
uint64_t hg_report_lost(const struct hg_report *report);

#endif
