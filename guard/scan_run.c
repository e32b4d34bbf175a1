/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/scan_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/loop.h"
#include "guard/pool.h"
#include "scanner/formats.h"
#include "scanner/sha256.h"

static const struct hg_rule_info rules[] = {
    {.id = "HG-SCAN-001",
     .title = "the scan of this file did not end",
     .kind = "engine",
     .description = "The scanner ran over its time or memory, or crashed on this file. What was not scanned "
                    "is not clean.",
     .remedy = "Look at the file by hand, and approve exactly these bytes if they are harmless.",
     .reference = "https://cwe.mitre.org/data/definitions/400.html",
     .example = "a file on which the scanner runs over [scan] timeout",
     .counterexample = "a file that is scanned in time",
     .cwe = {400},
     .severity = {HG_SEV_CRITICAL, HG_SEV_CRITICAL, HG_SEV_CRITICAL},
     .confidence = HG_CONF_HIGH},
    {.id = "HG-SIZE-001",
     .title = "code larger than [scan] max_size",
     .kind = "engine",
     .description = "A file of code over the limit is not scanned, and what is not scanned does not run.",
     .remedy = "Raise [scan] max_size in the policy, or approve exactly these bytes.",
     .reference = "https://cwe.mitre.org/data/definitions/400.html",
     .example = "a modeling.py of 9 MB",
     .counterexample = "a modeling.py of 90 KB",
     .cwe = {400},
     .severity = {HG_SEV_CRITICAL, HG_SEV_CRITICAL, HG_SEV_CRITICAL},
     .confidence = HG_CONF_HIGH},
};
enum { NOT_ENDED, TOO_LARGE };

const struct hg_rule_info *hg_scan_rules(size_t *count)
{
    *count = sizeof rules / sizeof *rules;
    return rules;
}

static int report(struct hg_findings *out, int which, const char *detail)
{
    const struct hg_rule_info *r = &rules[which];
    char message[256];
    struct hg_finding f = {.rule = (char *)(uintptr_t)r->id, /* hg_findings_add() copies */
                           .message = message,
                           .severity = r->severity[HG_REACH_LOAD],
                           .confidence = r->confidence,
                           .reach = HG_REACH_LOAD};
    (void)snprintf(message, sizeof message, "%s: %s", r->title, detail);
    memcpy(f.cwe, r->cwe, sizeof f.cwe);
    return hg_findings_add(out, &f);
}

/* --- reading
 * ------------------------------------------------------------------------------------------------- */

struct task {
    struct hg_job job;
    struct hg_scan_file *file;
    struct run *run;
};

struct run {
    const struct hg_policy *policy;
    size_t pending;
    int rc;
};

/* Copies the file into a memfd and hashes it on the way: what is scanned is what was hashed, also when the
 * file changes meanwhile. 1 with *fd open, 0 when the file is settled without a scan, -ENOMEM. */
static int take_copy(struct hg_scan_file *file, const struct hg_policy *policy, int from,
                     struct hg_sha256 **sum, int *fd)
{
    static uint8_t buffer[1u << 18]; /* the command has one thread, and no other user of it */
    uint64_t size = 0;
    int elf = 0;
    for (;;) {
        ssize_t n = read(from, buffer, sizeof buffer);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return hg_scan_error(file, "%s", strerror(errno));
        if (n == 0)
            break;
        if (size == 0)
            elf = hg_native_is(buffer, (size_t)n);
        size += (uint64_t)n;
        if (size > policy->max_size) {
            file->size = size;
            return report(&file->findings, TOO_LARGE, "not scanned");
        }
        for (ssize_t done = 0; done < n;) {
            ssize_t put = write(*fd, buffer + done, (size_t)(n - done));
            if (put < 0 && errno != EINTR)
                return hg_scan_error(file, "no room for a copy: %s", strerror(errno));
            done += put > 0 ? put : 0;
        }
        hg_sha256_add(*sum, buffer, (size_t)n);
    }
    hg_sha256_end(*sum, file->sha256);
    *sum = NULL;
    file->size = size;
    if (elf && hg_kind_is_data(file->kind))
        file->kind = HG_KIND_NATIVE;
    return 1;
}

static int read_file(struct hg_scan_file *file, const struct hg_policy *policy, int *fd)
{
    struct stat st;
    /* Not blocking on a FIFO that took the file's place, and no controlling terminal. */
    int from = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), rc;
    if (from < 0)
        return hg_scan_error(file, "%s", strerror(errno));
    struct hg_sha256 *sum = hg_sha256_new();
    *fd = memfd_create("hubguard-scan", MFD_CLOEXEC);
    if (fstat(from, &st) != 0 || !S_ISREG(st.st_mode))
        rc = hg_scan_error(file, "no longer a regular file");
    else if ((uint64_t)st.st_size > policy->max_size)
        rc = report(&file->findings, TOO_LARGE, "not scanned");
    else if (sum == NULL || *fd < 0)
        rc = hg_scan_error(file, "no memory for a copy");
    else
        rc = take_copy(file, policy, from, &sum, fd);
    hg_sha256_end(sum, NULL);
    (void)close(from);
    if (rc <= 0 && *fd >= 0)
        (void)close(*fd);
    return rc;
}

/* --- scanning
 * ------------------------------------------------------------------------------------------------ */

static int scan_one(void *context, const struct hg_scan_input *input, struct hg_findings *out)
{
    return hg_engine_scan(context, input, out);
}

static void scanned(struct hg_job *job, const struct hg_scan_result *result)
{
    struct task *t = job->owner;
    char detail[96];
    int rc = 0;
    if (result->state == HG_SCAN_DONE) {
        for (size_t i = 0; i < result->findings->count && rc == 0; i++)
            rc = hg_findings_add(&t->file->findings, &result->findings->items[i]);
        t->file->findings.dropped += result->findings->dropped;
    } else {
        if (result->state == HG_SCAN_TIMEOUT)
            (void)snprintf(detail, sizeof detail, "over its time ([scan] timeout)");
        else if (result->state == HG_SCAN_CRASHED)
            (void)snprintf(detail, sizeof detail, "the scanner ended with signal %d", result->detail);
        else
            (void)snprintf(detail, sizeof detail, "%s", strerror(result->detail));
        rc = report(&t->file->findings, NOT_ENDED, detail);
    }
    if (rc != 0)
        t->run->rc = rc;
    t->run->pending--;
    (void)close(job->fd);
    free(t);
}

/* 0, or -ENOMEM. */
static int submit(struct run *run, struct hg_pool *pool, struct hg_scan_file *file, int fd)
{
    struct task *t = calloc(1, sizeof *t);
    if (t == NULL) {
        (void)close(fd);
        return -ENOMEM;
    }
    t->file = file;
    t->run = run;
    t->job = (struct hg_job){
        .fd = fd, .size = file->size, .kind = file->kind, .name = file->path, .done = scanned, .owner = t};
    run->pending++;
    hg_pool_submit(pool, &t->job);
    return 0;
}

/* --- judging
 * ------------------------------------------------------------------------------------------------- */

static int is_allowed(const struct hg_finding *f, const struct hg_policy *policy)
{
    return (policy->native_allow && strcmp(f->rule, "HG-NATIVE-001") == 0) ||
           (policy->bytecode == HG_BYTECODE_ALLOW && strcmp(f->rule, "HG-BYTECODE-001") == 0);
}

static void judge(struct hg_scan_file *file, const struct hg_policy *policy, const struct hg_lock *lock)
{
    enum hg_severity worst = HG_SEV_NONE;
    hg_findings_sort(&file->findings);
    for (size_t i = 0; i < file->findings.count; i++) {
        if (!is_allowed(&file->findings.items[i], policy) && file->findings.items[i].severity > worst)
            worst = file->findings.items[i].severity;
    }
    if (file->error != NULL)
        file->verdict = HG_SCANNED_ERROR;
    else if (policy->block_at != HG_SEV_NONE && worst >= policy->block_at)
        file->verdict = HG_SCANNED_BLOCK;
    else if (policy->warn_at != HG_SEV_NONE && worst >= policy->warn_at)
        file->verdict = HG_SCANNED_WARN;
    if (file->verdict == HG_SCANNED_BLOCK && lock != NULL && file->sha256[0] != '\0' &&
        hg_lock_find(lock, file->sha256) != NULL)
        file->verdict = HG_SCANNED_APPROVED;
}

int hg_scan_run(struct hg_scan_list *list, struct hg_engine *engine, const struct hg_policy *policy,
                const struct hg_lock *lock, unsigned jobs, struct hg_error *err)
{
    struct run run = {.policy = policy};
    struct hg_loop loop;
    struct hg_pool *pool = NULL;
    int rc = hg_loop_open(&loop);
    if (rc != 0)
        return hg_error_set(err, rc, "no event loop: %s", strerror(-rc));
    if (jobs > list->count)
        jobs = list->count > 0 ? (unsigned)list->count : 1;
    const struct hg_pool_options options = {.workers = jobs < HG_POOL_MAX ? jobs : HG_POOL_MAX,
                                            .timeout_ms = policy->timeout_ms,
                                            .scan = scan_one,
                                            .context = engine};
    rc = hg_pool_start(&loop, &options, &pool, err);
    for (size_t i = 0; i < list->count && rc == 0; i++) {
        struct hg_scan_file *file = &list->items[i];
        int fd = -1, more = file->error != NULL ? 0 : read_file(file, policy, &fd);
        rc = more > 0 ? submit(&run, pool, file, fd) : more;
        /* One copy waits for each worker, so that none is idle and memory stays bounded. */
        while (rc == 0 && run.pending > 2 * (size_t)options.workers)
            rc = hg_loop_step(&loop);
    }
    while (rc == 0 && run.pending > 0)
        rc = hg_loop_step(&loop);
    hg_pool_stop(pool);
    hg_loop_close(&loop);
    for (size_t i = 0; i < list->count; i++)
        judge(&list->items[i], policy, lock);
    if (rc != 0)
        return err->text[0] != '\0' ? rc : hg_error_set(err, rc, "the scan cannot go on: %s", strerror(-rc));
    return run.rc != 0 ? hg_error_set(err, run.rc, "out of memory") : 0;
}
