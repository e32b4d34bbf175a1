/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that may take long, each in a short-lived thread, their results back on the loop. A scan worker that
 * is forked meanwhile uses memory and nothing else of the libc, whose locks fork(3) puts right in the child.
 */
#ifndef HUBGUARD_GUARD_WORK_H
#define HUBGUARD_GUARD_WORK_H

#include <stdbool.h>

#include "guard/loop.h"

#define HG_WORK_MOST 64 /* threads at once */

struct hg_work;

/* Embedded in what owns it (malloc). After hg_work_submit() `run` may touch nothing that the loop touches. */
struct hg_task {
    void (*run)(struct hg_task *task);  /* in a thread of its own */
    void (*done)(struct hg_task *task); /* on the loop, afterwards; frees the task */
    /* On the loop, when the work is closed before `run` has ended: tell who waits; frees nothing. */
    void (*abandon)(struct hg_task *task);
    void (*release)(struct hg_task *task); /* in the thread, after an abandoned `run`: frees the task */
    struct hg_work *work;
    struct hg_task *next, *prev;
};

int hg_work_open(struct hg_loop *loop, struct hg_work **out); /* 0 or -errno */
/* Abandons what is under way; its threads end by themselves. */
void hg_work_close(struct hg_work *work);
/* 0; or -EAGAIN (HG_WORK_MOST are under way, or no thread to be had): the task stays the caller's. */
int hg_work_submit(struct hg_work *work, struct hg_task *task);

#endif
