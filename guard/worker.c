/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "guard/codec.h"
#include "guard/confine.h"
#include "scanner/py_source.h"

int hg_worker_reply_check(const struct hg_worker_reply *r)
{
    if (r->magic != HG_WORKER_MAGIC || r->zero != 0)
        return -EBADMSG;
    if (r->status == HG_WORKER_READY)
        return r->error == 0 && r->size == 0 ? 0 : -EBADMSG;
    if (r->status == HG_WORKER_ERROR)
        return r->error > 0 && r->error < 4096 && r->size == 0 ? 0 : -EBADMSG;
    if (r->status == HG_WORKER_FOUND)
        return r->error == 0 && r->size > 0 && r->size <= HG_CODEC_MAX ? 0 : -EBADMSG;
    return -EBADMSG;
}

static bool read_all(int fd, void *to, size_t size)
{
    char *at = to;
    while (size != 0) {
        ssize_t n = read(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

static bool write_all(int fd, const void *from, size_t size)
{
    const char *at = from;
    while (size != 0) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

static bool answer(int fd, uint32_t id, int error, const struct hg_findings *findings)
{
    struct hg_worker_reply reply = {HG_WORKER_MAGIC, HG_WORKER_ERROR, error, 0, id, 0};
    uint8_t *bytes = NULL;
    size_t size = 0;
    if (error == 0 && (error = hg_codec_encode(findings, &bytes, &size)) != 0)
        reply.error = -error;
    if (error == 0) {
        reply.status = HG_WORKER_FOUND;
        reply.size = (uint32_t)size;
    }
    bool written = write_all(fd, &reply, sizeof reply) && (size == 0 || write_all(fd, bytes, size));
    free(bytes);
    return written;
}

static bool serve_one(int fd, hg_scan_fn *scan, void *context)
{
    struct hg_worker_job job;
    if (!read_all(fd, &job, sizeof job) || job.magic != HG_WORKER_MAGIC || job.name_len > HG_WORKER_NAME_MAX)
        return false;
    char name[HG_WORKER_NAME_MAX + 1];
    if (!read_all(fd, name, job.name_len))
        return false;
    name[job.name_len] = '\0';
    /* A job beyond the memory limit cannot be read: the worker ends, which the guard tells as a failed scan.
     */
    uint8_t *bytes = malloc(job.size + 1);
    if (bytes == NULL || !read_all(fd, bytes, job.size))
        return false;
    struct hg_scan_input input = {bytes, job.size, (enum hg_scan_kind)job.kind, name};
    struct hg_findings found = {0};
    int rc = scan(context, &input, &found);
    free(bytes);
    bool done = answer(fd, job.id, -rc, &found);
    hg_findings_clear(&found);
    return done;
}

static int compare_bytes(const void *a, const void *b)
{
    return *(const char *)a - *(const char *)b;
}

/* What libc would do later, at first use, with calls that the filter refuses: qsort(3) asks for the size of
 * the memory before it sorts more than 1 KiB (glibc before 2.37: sysinfo(2), or /proc/meminfo), mktime(3)
 * reads the time zone. */
static void warm_up(void)
{
    char bytes[2048];
    memset(bytes, 0, sizeof bytes);
    qsort(bytes, sizeof bytes, 1, compare_bytes);
    (void)setenv("TZ", "UTC0", 1);
    tzset();
    /* iconv(3) opens the libraries of its converters. They stay until the worker ends. */
    struct py_codecs codecs;
    py_codecs_hold(&codecs);
}

_Noreturn void hg_worker_main(int channel, hg_scan_fn *scan, void *context)
{
    /* Out of the terminal's process group: Ctrl-C and Ctrl-Z are for the command. */
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    warm_up();
    int rc = hg_confine(channel, HG_WORKER_MEMORY);
    struct hg_worker_reply hello = {
        HG_WORKER_MAGIC, rc == 0 ? HG_WORKER_READY : HG_WORKER_ERROR, -rc, 0, 0, 0};
    if (write_all(0, &hello, sizeof hello) && rc == 0)
        while (serve_one(0, scan, context))
            ;
    _exit(rc == 0 ? 0 : 1);
}
