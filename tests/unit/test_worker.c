/* SPDX-License-Identifier: Apache-2.0 */
/* Real workers under their real confinement, driven by scans that misbehave as a compromised one would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "guard/codec.h"
#include "guard/pool.h"
#include "scanner/py_ast.h"

#if defined(__SANITIZE_ADDRESS__)
#define NO_MEMORY_LIMIT 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NO_MEMORY_LIMIT 1
#endif
#endif

#define TIMEOUT_MS 400

/* --- what the scanned bytes make the worker do
 * ------------------------------------------------------------------------ */

static int act_open(void)
{
    return (int)syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
}
static int act_socket(void)
{
    return (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}
static int act_kill(void)
{
    return (int)syscall(SYS_kill, 1, 0);
}
static int act_fork(void)
{
    return (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}
static int act_exec(void)
{
    return (int)syscall(SYS_execve, "/bin/true", NULL, NULL);
}
static int act_map_code(void)
{
    (void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return 0;
}
static int act_protect_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}
static int act_ptrace(void)
{
    return (int)syscall(SYS_ptrace, 16L, (long)getppid, 0L, 0L);
}
static int act_segv(void)
{
    /* libyara's way: the default action, whatever handler was there */
    (void)signal(SIGSEGV, SIG_DFL);
    volatile uintptr_t nowhere = 8;
    return *(volatile int *)nowhere;
}
static int act_hang(void)
{
    for (volatile int i = 0;; i++)
        ;
    return 0;
}
static int act_end(void)
{
    _exit(0);
}
static int act_error(void)
{
    return -EIO;
}
static int act_stdout(void)
{
    return write(1, "x", 1) < 0 ? -errno : 0;
}
#ifndef NO_MEMORY_LIMIT
static int act_use_memory(void)
{
    void *p = malloc((size_t)2 << 30);
    int rc = p == NULL ? -ENOMEM : 0;
    free(p);
    return rc;
}
#endif
/* A compromised worker knows the id of its job: the scans of one worker are numbered from 1. */
static uint32_t jobs_seen;

static int say(uint32_t magic, uint32_t status, int32_t error, uint32_t size, size_t body)
{
    struct hg_worker_reply reply = {magic, status, error, size, jobs_seen, 0};
    static char garbage[4096];
    memset(garbage, 0x41, sizeof garbage);
    if (write(0, &reply, sizeof reply) < 0 || (body != 0 && write(0, garbage, body) < 0))
        return -EIO;
    return 0;
}
static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}
/* libc's lazy first uses must not meet the filter. */
static int act_sort_and_date(void)
{
    int many[2000];
    struct tm day = {.tm_year = 120, .tm_mday = 1};
    for (int i = 0; i < 2000; i++)
        many[i] = 2000 - i;
    qsort(many, 2000, sizeof many[0], compare);
    return many[0] == 1 && mktime(&day) != -1 ? -EXDEV : -EIO;
}
/* Neither must iconv's, which opens a library for each of these. */
static int act_convert(void)
{
    static const char *const codings[] = {"big5",   "cp932",   "cp949",  "cp950", "euc_jp",
                                          "euc_kr", "gb18030", "gb2312", "gbk",   "shift_jis"};
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++) {
        char source[64], *text = NULL;
        size_t size = 0;
        struct py_error err;
        int n = snprintf(source, sizeof source, "# coding: %s\nx = 1\n", codings[i]);
        if (py_source_decode((const uint8_t *)source, (size_t)n, 0, &text, &size, &err) != 0)
            return -EIO;
        int same = size == (size_t)n && memcmp(text, source, size) == 0;
        free(text);
        if (!same)
            return -EILSEQ;
    }
    return -EXDEV;
}
static int act_bad_magic(void)
{
    return say(7, HG_WORKER_FOUND, 0, 16, 0);
}
static int act_ready_again(void)
{
    return say(HG_WORKER_MAGIC, HG_WORKER_READY, 0, 0, 0);
}
static int act_huge_reply(void)
{
    return say(HG_WORKER_MAGIC, HG_WORKER_FOUND, 0, 0xffffffffu, 0);
}
static int act_garbage(void)
{
    return say(HG_WORKER_MAGIC, HG_WORKER_FOUND, 0, 100, 100);
}
static int act_negative_error(void)
{
    return say(HG_WORKER_MAGIC, HG_WORKER_ERROR, -5, 0, 0);
}
/* The true answer follows the forged one: it must not be taken for the answer to the next job. */
static int act_answer_twice(void)
{
    return say(HG_WORKER_MAGIC, HG_WORKER_ERROR, EPERM, 0, 0);
}

static const struct act {
    const char *name;
    int (*act)(void);
    enum hg_scan_state state;
    int detail;
} acts[] = {
    {"open", act_open, HG_SCAN_CRASHED, SIGSYS},
    {"socket", act_socket, HG_SCAN_CRASHED, SIGSYS},
    {"kill", act_kill, HG_SCAN_CRASHED, SIGSYS},
    {"fork", act_fork, HG_SCAN_CRASHED, SIGSYS},
    {"exec", act_exec, HG_SCAN_CRASHED, SIGSYS},
    {"map-code", act_map_code, HG_SCAN_CRASHED, SIGSYS},
    {"protect-code", act_protect_code, HG_SCAN_CRASHED, SIGSYS},
    {"ptrace", act_ptrace, HG_SCAN_CRASHED, SIGSYS},
    {"segv", act_segv, HG_SCAN_CRASHED, SIGSEGV},
    {"hang", act_hang, HG_SCAN_TIMEOUT, 0},
    {"end", act_end, HG_SCAN_CRASHED, 0},
    {"error", act_error, HG_SCAN_FAILED, EIO},
    {"stdout", act_stdout, HG_SCAN_FAILED, EBADF},
    {"sort-and-date", act_sort_and_date, HG_SCAN_FAILED, EXDEV},
    {"convert", act_convert, HG_SCAN_FAILED, EXDEV},
    {"bad-magic", act_bad_magic, HG_SCAN_FAILED, EBADMSG},
    {"ready-again", act_ready_again, HG_SCAN_FAILED, EBADMSG},
    {"huge-reply", act_huge_reply, HG_SCAN_FAILED, EBADMSG},
    {"garbage", act_garbage, HG_SCAN_FAILED, EBADMSG},
    {"negative-error", act_negative_error, HG_SCAN_FAILED, EBADMSG},
#ifndef NO_MEMORY_LIMIT
    {"use-memory", act_use_memory, HG_SCAN_FAILED, ENOMEM},
#endif
};

static int naughty_scan(void *context, const struct hg_scan_input *input, struct hg_findings *out)
{
    (void)context;
    jobs_seen++;
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        if (input->size == strlen(acts[i].name) && memcmp(input->bytes, acts[i].name, input->size) == 0)
            return acts[i].act();
    if (input->size == 5 && memcmp(input->bytes, "twice", 5) == 0 && act_answer_twice() != 0)
        return -EIO;
    struct hg_finding f = {.rule = (char *)(uintptr_t) "T-1",
                           .message = (char *)(uintptr_t) "size and first byte",
                           .severity = HG_SEV_LOW,
                           .line = (uint32_t)input->size,
                           .column = input->size == 0 ? 0 : input->bytes[input->size - 1]};
    return hg_findings_add(out, &f);
}

/* --- driving it
 * ---------------------------------------------------------------------------------------------------------
 */

struct fixture {
    struct hg_loop loop;
    struct hg_pool *pool;
};

struct outcome {
    struct hg_job job;
    bool done;
    enum hg_scan_state state;
    int detail;
    uint32_t line, column;
    size_t findings;
};

static void done(struct hg_job *job, const struct hg_scan_result *result)
{
    struct outcome *o = job->owner;
    assert_false(o->done);
    o->done = true;
    o->state = result->state;
    o->detail = result->detail;
    o->findings = result->findings->count;
    if (o->findings != 0) {
        o->line = result->findings->items[0].line;
        o->column = result->findings->items[0].column;
    }
    close(job->fd);
}

static void submit(struct fixture *f, struct outcome *o, const void *bytes, size_t size)
{
    memset(o, 0, sizeof *o);
    int fd = memfd_create("job", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    o->job = (struct hg_job){
        .fd = fd, .size = size, .kind = HG_KIND_SOURCE, .name = "/x.py", .done = done, .owner = o};
    hg_pool_submit(f->pool, &o->job);
}

static void wait_for(struct fixture *f, const struct outcome *o)
{
    while (!o->done)
        assert_int_equal(hg_loop_step(&f->loop), 0);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct hg_error err;
    const struct hg_pool_options options = {.workers = 2, .timeout_ms = TIMEOUT_MS, .scan = naughty_scan};
    if (f == NULL || hg_loop_open(&f->loop) != 0 || hg_pool_start(&f->loop, &options, &f->pool, &err) != 0)
        return -1;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    hg_pool_stop(f->pool);
    hg_loop_close(&f->loop);
    free(f);
    return 0;
}

static void works(struct fixture *f)
{
    struct outcome o;
    submit(f, &o, "benign", 6);
    wait_for(f, &o);
    assert_int_equal(o.state, HG_SCAN_DONE);
    assert_int_equal(o.findings, 1);
    assert_int_equal(o.line, 6);
    assert_int_equal(o.column, 'n');
}

static void misbehaviour(void **state)
{
    struct fixture *f = *state;
    works(f);
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        struct outcome o;
        submit(f, &o, acts[i].name, strlen(acts[i].name));
        wait_for(f, &o);
        if (o.state != acts[i].state || o.detail != acts[i].detail || o.findings != 0)
            fail_msg("%s: state %d, detail %d, %zu findings", acts[i].name, (int)o.state, o.detail,
                     o.findings);
        works(f); /* somebody else has taken over */
        works(f);
    }
}

static void forged_answer_stays_with_its_job(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 10; i++) {
        struct outcome o, next;
        submit(f, &o, "twice", 5);
        wait_for(f, &o);
        assert_int_equal(o.state, HG_SCAN_FAILED);
        /* EBADMSG: this worker's true answer to the "twice" before it came only now. */
        assert_true(o.detail == EPERM || o.detail == EBADMSG);
        submit(f, &next, "benign", 6);
        wait_for(f, &next);
        /* Either its own answer, or a failure because the worker spoke out of turn: never another job's. */
        if (next.state == HG_SCAN_DONE)
            assert_int_equal(next.line, 6);
        else
            assert_int_equal(next.state, HG_SCAN_FAILED);
    }
    /* One job for each: the true answer to the last "twice" may still be on its way. */
    struct outcome last[2];
    submit(f, &last[0], "benign", 6);
    submit(f, &last[1], "benign", 6);
    wait_for(f, &last[0]);
    wait_for(f, &last[1]);
    works(f);
}

static void queue(void **state)
{
    struct fixture *f = *state;
    enum { JOBS = 40 };
    static struct outcome o[JOBS];
    for (size_t i = 0; i < JOBS; i++) {
        char bytes[100];
        memset(bytes, 'a' + (int)(i % 26), i + 1);
        if (i == 7)
            submit(f, &o[i], "segv", 4);
        else
            submit(f, &o[i], bytes, i + 1);
    }
    for (size_t i = 0; i < JOBS; i++) {
        wait_for(f, &o[i]);
        assert_int_equal(o[i].state, i == 7 ? HG_SCAN_CRASHED : HG_SCAN_DONE);
        if (i != 7) {
            assert_int_equal(o[i].line, i + 1);
            assert_int_equal(o[i].column, 'a' + (int)(i % 26));
        }
    }
}

static void big_and_empty(void **state)
{
    struct fixture *f = *state;
    struct outcome o;
    size_t size = 8u << 20;
    char *bytes = malloc(size);
    memset(bytes, 'z', size);
    submit(f, &o, bytes, size);
    wait_for(f, &o);
    free(bytes);
    assert_int_equal(o.state, HG_SCAN_DONE);
    assert_int_equal(o.line, size);
    assert_int_equal(o.column, 'z');
    submit(f, &o, "", 0);
    wait_for(f, &o);
    assert_int_equal(o.state, HG_SCAN_DONE);
    assert_int_equal(o.line, 0);
}

/* More than the worker may hold: the guard is told, and goes on. */
static void beyond_memory(void **state)
{
#ifdef NO_MEMORY_LIMIT
    (void)state;
    skip();
#else
    struct fixture *f = *state;
    struct outcome o = {0};
    int fd = memfd_create("job", MFD_CLOEXEC);
    assert_int_equal(ftruncate(fd, (off_t)3 << 30), 0);
    o.job = (struct hg_job){.fd = fd,
                            .size = (uint64_t)3 << 30,
                            .kind = HG_KIND_SOURCE,
                            .name = "/x.py",
                            .done = done,
                            .owner = &o};
    hg_pool_submit(f->pool, &o.job);
    wait_for(f, &o);
    assert_int_equal(o.state, HG_SCAN_CRASHED);
    assert_int_equal(o.detail, 0);
    works(f);
#endif
}

static void stop_answers_everybody(void **state)
{
    (void)state;
    void *own = NULL;
    assert_int_equal(set_up(&own), 0);
    struct fixture *f = own;
    struct outcome o[4];
    for (size_t i = 0; i < 4; i++)
        submit(f, &o[i], "hang", 4);
    assert_int_equal(tear_down(&own), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_true(o[i].done);
        assert_int_equal(o[i].state, HG_SCAN_FAILED);
        assert_int_equal(o[i].detail, ECANCELED);
    }
}

/* --- the encoding
 * ---------------------------------------------------------------------------------------------------------
 */

static void codec_round_trip(void **state)
{
    (void)state;
    struct hg_findings list = {0}, back = {0};
    struct hg_finding f = {.rule = (char *)(uintptr_t) "HG-PY-001",
                           .message = (char *)(uintptr_t) "a\nb\xff",
                           .evidence = (char *)(uintptr_t) "caf\xc3\xa9",
                           .layers = NULL,
                           .cwe = {78, 94},
                           .severity = HG_SEV_CRITICAL,
                           .confidence = HG_CONF_HIGH,
                           .reach = HG_REACH_LOAD,
                           .line = 3,
                           .column = 4};
    assert_int_equal(hg_findings_add(&list, &f), 0);
    f.line = 1;
    f.severity = HG_SEV_LOW;
    f.layers = (char *)(uintptr_t) "base64>zlib";
    f.evidence = NULL;
    assert_int_equal(hg_findings_add(&list, &f), 0);
    list.dropped = 5;
    uint8_t *bytes;
    size_t size;
    assert_int_equal(hg_codec_encode(&list, &bytes, &size), 0);
    assert_int_equal(hg_codec_decode(bytes, size, &back), 0);
    assert_int_equal(back.count, 2);
    assert_int_equal(back.dropped, 5);
    assert_string_equal(back.items[0].message, "a\\x0ab\\xff");
    assert_string_equal(back.items[0].evidence, "caf\xc3\xa9");
    assert_null(back.items[0].layers);
    assert_int_equal(back.items[0].cwe[1], 94);
    assert_int_equal(back.items[0].line, 3);
    assert_string_equal(back.items[1].layers, "base64>zlib");
    assert_null(back.items[1].evidence);
    hg_findings_clear(&back);
    /* Every cut, and every changed byte, either fails or gives a list; never more. */
    for (size_t n = 0; n < size; n++)
        assert_int_equal(hg_codec_decode(bytes, n, &back), -EBADMSG);
    for (size_t n = 0; n < size; n++) {
        bytes[n] ^= 0xff;
        if (hg_codec_decode(bytes, size, &back) != 0)
            assert_int_equal(back.count, 0);
        hg_findings_clear(&back);
        bytes[n] ^= 0xff;
    }
    uint8_t *longer = malloc(size + 1);
    memcpy(longer, bytes, size);
    longer[size] = 0;
    assert_int_equal(hg_codec_decode(longer, size + 1, &back), -EBADMSG);
    free(longer);
    free(bytes);
    hg_findings_clear(&list);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(misbehaviour, set_up, tear_down),
        cmocka_unit_test_setup_teardown(forged_answer_stays_with_its_job, set_up, tear_down),
        cmocka_unit_test_setup_teardown(queue, set_up, tear_down),
        cmocka_unit_test_setup_teardown(big_and_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(beyond_memory, set_up, tear_down),
        cmocka_unit_test(stop_answers_everybody),
        cmocka_unit_test(codec_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
