/* SPDX-License-Identifier: Apache-2.0 */
/* One cage and the state that its parts share. Internal to cage.c, notify.c and the brokers. */
#ifndef HUBGUARD_GUARD_CAGED_H
#define HUBGUARD_GUARD_CAGED_H

#include "guard/acts.h"
#include "guard/cage.h"
#include "guard/machine.h"
#include "guard/patience.h"
#include "guard/work.h"
#include "policy/cage.h"
#include "policy/net.h"

/* What one process closed and all that it starts are in. */
struct hg_caged {
    uint64_t id; /* never 0, never used twice */
    pid_t pid;   /* that closed it */
    struct hg_places places;
    char *path; /* the file whose first statement was about to run */
    struct hg_cage *cage;
    struct hg_watch listener; /* fd -1: not handed over yet */
    uint64_t asked_ms, slow_until_ms;
    uint64_t closed_ticks; /* of hg_process_clock(): what it starts later is in the cage */
    struct hg_caged *next;
};

/* A socket file, whose inode number can be used anew after it. */
struct hg_peer_file {
    dev_t device;
    ino_t inode;
    struct timespec changed;
};

#define HG_PEERS_KNOWN 64

struct hg_cage {
    struct hg_cage_options options;
    struct hg_machine machine;
    struct hg_timer early;       /* builds the programs while there is nothing else to do */
    struct hg_program *programs; /* HG_CAGE_PROGRAMS; empty until first needed */
    int landlock_abi;            /* of rulesets: 0 in mode observe */
    struct hg_net *net;
    struct hg_acts acts;
    struct hg_work *work;
    struct hg_patience patience;
    struct hg_server *server;
    struct hg_caged *first;
    size_t closing, closed;
    uint64_t last_id;
    void *notification, *response; /* notify.c: of the sizes that this kernel has */
    size_t notification_size, response_size;
    struct hg_peer_file peers[HG_PEERS_KNOWN]; /* unix_peer.c: found to belong here */
    size_t next_peer;
};

/* --- cage.c */

bool hg_cage_observes(const struct hg_cage *cage);
/* The cage that a request comes from: by its channel, or by the process that closed one. NULL: none. */
struct hg_caged *hg_cage_of(struct hg_cage *cage, const struct hg_inquiry *inquiry);
/* Answer: `error` goes along, `text` is the message of a refusal. */
void hg_cage_answer(struct hg_inquiry *inquiry, enum hg_verdict verdict, int error, const char *text);
/* Allowed, with a descriptor, which stays the caller's. */
void hg_cage_answer_fd(struct hg_inquiry *inquiry, int fd);
/* Record and answer what is not allowed: true when it is refused (the inquiry is gone then), false when the
 * mode lets it go on. */
bool hg_cage_refuse(struct hg_cage *cage, struct hg_inquiry *inquiry, const struct hg_act *act, int error);
/* What the request is about, for acts.h; strings are the inquiry's. */
struct hg_act hg_cage_act(const struct hg_inquiry *inquiry, enum hg_act_kind kind, const char *object);

/* --- notify.c */

/* Is it the listener of a seccomp filter? */
bool hg_notify_is_listener(int fd);
int hg_notify_open(struct hg_cage *cage); /* 0 or -errno */
void hg_notify_close(struct hg_cage *cage);
/* Supervise: `listener` becomes caged->listener.fd. 0, or -errno and it stays the caller's. */
int hg_notify_start(struct hg_caged *caged, int listener);

/* The last process is gone, or the guard ends: frees it. cage.c */
void hg_caged_end(struct hg_caged *caged);

/* --- the brokers: each answers the inquiry */

void hg_broker_connect(struct hg_caged *caged, struct hg_inquiry *inquiry); /* broker_net.c */
void hg_broker_resolve(struct hg_caged *caged, struct hg_inquiry *inquiry); /* broker_name.c */
void hg_broker_attr(struct hg_caged *caged, struct hg_inquiry *inquiry);    /* broker_attr.c */
void hg_broker_act(struct hg_caged *caged, struct hg_inquiry *inquiry);     /* broker_act.c */
void hg_broker_memfd(struct hg_caged *caged, struct hg_inquiry *inquiry);   /* broker_memfd.c */
void hg_broker_signal(struct hg_caged *caged, struct hg_inquiry *inquiry);  /* broker_signal.c */

#endif
