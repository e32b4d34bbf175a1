/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to its answer: hash, look up, scan, decide, tell, record. Knows nothing of sockets. */
#ifndef HUBGUARD_GUARD_GATE_H
#define HUBGUARD_GUARD_GATE_H

#include "guard/decide.h"
#include "guard/events.h"
#include "guard/loop.h"
#include "guard/pool.h"
#include "guard/request.h"
#include "policy/lock.h"
#include "shim/roots.h"

/* Everything borrowed; must outlive the gate. */
struct hg_gate_options {
    struct hg_loop *loop;
    const struct hg_policy *policy;
    const struct hg_lock *lock;
    const struct hg_roots *roots; /* every guarded root, for the trust in the cache */
    const char *cwd;              /* where the command runs */
    struct hg_report *report;
    const char *ruleset;
    struct hg_pool_options pool;
    const char *started_by;
    char *const *command;
    const struct hg_cage_facts *cage; /* what the cage came to, for the summary; NULL: there is none */
};

struct hg_gate;

/* One request on its way. The maker fills the first part; after hg_gate_ask() it is the gate's. */
struct hg_inquiry {
    struct hg_question question; /* moved in */
    int fd;                      /* moved in; -1 without bytes */
    pid_t pid;                   /* of the peer */
    uint64_t cage; /* of the channel that it came through (hg_server_adopt), 0 for the guard's socket */
    uint64_t began_us;
    /* Called exactly once, maybe before hg_gate_ask() returns. `text` is reply->text_len bytes. The `count`
     * descriptors (at most HG_CAGE_FDS) stay the caller's. */
    void (*answer)(void *owner, const struct hg_reply *reply, const char *text, const int *fds, size_t count);
    void *owner;

    struct hg_gate *gate;
    struct hg_facts facts;
    struct hg_findings findings;
    uint8_t sha256[32];
    char sha256_hex[65]; /* "" without bytes */
    bool cached;
    struct hg_inquiry *next;
};

/* Starts the workers (forks). 0, or -errno with *err. */
int hg_gate_open(const struct hg_gate_options *options, struct hg_gate **out, struct hg_error *err);
/* Answers what is under way as blocked, writes the summary, ends the workers. */
void hg_gate_close(struct hg_gate *gate);
/* `inquiry` was allocated with malloc. Kinds that are for the cage are not for here. */
void hg_gate_ask(struct hg_gate *gate, struct hg_inquiry *inquiry);
/* Answer, and free the inquiry with everything it owns. */
void hg_inquiry_finish(struct hg_inquiry *inquiry, const struct hg_reply *reply, const char *text,
                       const int *fds, size_t count);
/* A packet that was no request: counted, and told once. `reply` and the text (static) are what to answer. */
void hg_gate_malformed(struct hg_gate *gate, pid_t pid, int code, struct hg_reply *reply, const char **text);
const struct hg_counts *hg_gate_counts(const struct hg_gate *gate);

#endif
