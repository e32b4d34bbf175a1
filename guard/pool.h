/* SPDX-License-Identifier: Apache-2.0 */
/* The scan workers and the queue before them. Never blocks the loop after hg_pool_start(). */
#ifndef HUBGUARD_GUARD_POOL_H
#define HUBGUARD_GUARD_POOL_H

#include "guard/decide.h"
#include "guard/loop.h"
#include "guard/worker.h"
#include "scanner/error.h"

#define HG_POOL_MAX 4

struct hg_scan_result {
    enum hg_scan_state state;
    int detail;
    struct hg_findings *findings; /* HG_SCAN_DONE: the receiver may take them out; else empty */
    const uint8_t *encoded;       /* HG_SCAN_DONE: the same as codec.h bytes, valid during the call */
    size_t encoded_size;
};

/* Owned by the caller, who must keep it and the descriptor until `done` was called; `done` may free it. */
struct hg_job {
    int fd; /* sealed memfd */
    uint64_t size;
    enum hg_scan_kind kind;
    const char *name; /* at most HG_WORKER_NAME_MAX bytes are used */
    void (*done)(struct hg_job *job, const struct hg_scan_result *result);
    void *owner;
    struct hg_job *next;
};

struct hg_pool;

struct hg_pool_options {
    unsigned workers;    /* 1 ... HG_POOL_MAX */
    uint32_t timeout_ms; /* for one scan */
    hg_scan_fn *scan;
    void *context;
};

/* Fork the workers and wait until one has confined itself. 0, or -errno with *err (a machine that cannot
 * confine a worker cannot scan). */
int hg_pool_start(struct hg_loop *loop, const struct hg_pool_options *options, struct hg_pool **out,
                  struct hg_error *err);
void hg_pool_submit(struct hg_pool *pool, struct hg_job *job);
/* Kills the workers; jobs that are still there end as HG_SCAN_FAILED, ECANCELED. */
void hg_pool_stop(struct hg_pool *pool);

#endif
