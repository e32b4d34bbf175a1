/* SPDX-License-Identifier: Apache-2.0 */
/* The scan worker: a fork of the guard that holds the loaded rules and no rights. It reads a job from its one
 * descriptor, scans, writes the findings, and can do nothing else. */
#ifndef HUBGUARD_GUARD_WORKER_H
#define HUBGUARD_GUARD_WORKER_H

#include <stdint.h>

#include "scanner/engine.h"

#define HG_WORKER_MAGIC    0x4b524f57u
#define HG_WORKER_MEMORY   ((uint64_t)1 << 30) /* address space, bytes */
#define HG_WORKER_NAME_MAX 4096u

struct hg_worker_job {
    uint32_t magic, kind;  /* enum hg_scan_kind */
    uint32_t name_len, id; /* id: comes back in the reply, so that no answer is taken for another job's */
    uint64_t size;         /* bytes that follow the name */
};

enum hg_worker_status { HG_WORKER_READY = 1, HG_WORKER_FOUND, HG_WORKER_ERROR };

struct hg_worker_reply {
    uint32_t magic, status; /* enum hg_worker_status */
    int32_t error;          /* HG_WORKER_ERROR: errno, positive */
    uint32_t size;          /* HG_WORKER_FOUND: bytes of the encoded findings (codec.h) that follow */
    uint32_t id, zero;
};

/* Check the head of an answer of a worker that may be compromised. 0 or -EBADMSG. */
int hg_worker_reply_check(const struct hg_worker_reply *reply);

/* What a worker does with a job; the product's is hg_engine_scan(). */
typedef int hg_scan_fn(void *context, const struct hg_scan_input *input, struct hg_findings *out);

/* Become a worker on `channel` (a stream socket): confine this process, say READY, serve jobs until the other
 * side closes. Never returns. */
_Noreturn void hg_worker_main(int channel, hg_scan_fn *scan, void *context);

#endif
