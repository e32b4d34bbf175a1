/* SPDX-License-Identifier: Apache-2.0 */
/* A bound on a system call of the loop that should not wait but could be made to: the descriptor is shared
 * with a process that may clear O_NONBLOCK at any moment. */
#ifndef HUBGUARD_GUARD_PATIENCE_H
#define HUBGUARD_GUARD_PATIENCE_H

#include <signal.h>
#include <time.h>

/* A signal (SIGRTMIN + 1) to the thread that opened it, every so many milliseconds between begin and end: a
 * call that waits then fails with EINTR. */
#define HG_PATIENCE_MS       50
#define HG_PATIENCE_BRIEF_MS 2 /* for what may well wait */

struct hg_patience {
    timer_t timer;
    int open;
};

int hg_patience_open(struct hg_patience *patience); /* 0 or -errno; in the thread that makes the calls */
void hg_patience_close(struct hg_patience *patience);
void hg_patience_begin(struct hg_patience *patience, long ms);
void hg_patience_end(struct hg_patience *patience);

#endif
