/* SPDX-License-Identifier: Apache-2.0 */
/* The processes that closed their cage: what they were given, and everything they ask or are asked about
 * afterwards. */
#ifndef HUBGUARD_GUARD_CAGE_H
#define HUBGUARD_GUARD_CAGE_H

#include "guard/gate.h"
#include "guard/loop.h"

struct hg_cage;
struct hg_server;

/* Everything borrowed; must outlive the cage. */
struct hg_cage_options {
    struct hg_loop *loop;
    const struct hg_policy *policy;
    const struct hg_roots *roots; /* every guarded root */
    const char *cwd;              /* where the command started; NULL: unknown */
    struct hg_report *report;
    struct hg_cage_facts *facts; /* filled as things happen */
};

#define HG_CAGES_MOST   256   /* listeners at once */
#define HG_CAGE_CLOSING 64    /* processes between HG_REQ_CAGE and HG_REQ_LISTENER */
#define HG_CAGE_WAIT_MS 60000 /* how long one may take there */

/* 0, or -errno with *err. */
int hg_cage_open(const struct hg_cage_options *options, struct hg_cage **out, struct hg_error *err);
/* Where channels come to; before the first request. */
void hg_cage_set_server(struct hg_cage *cage, struct hg_server *server);
/* Answers what is under way and lets go of the listeners: what they supervised is refused from then on. */
void hg_cage_close(struct hg_cage *cage);
/* One request of a kind for the cage (hg_question_for_cage); `inquiry` was allocated with malloc. */
void hg_cage_ask(struct hg_cage *cage, struct hg_inquiry *inquiry);
/* How many cages still have a process in them. */
size_t hg_cage_count(const struct hg_cage *cage);

#endif
