/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/codec.h"

#define START_MS 5000

enum state { DEAD = 0, STARTING, IDLE, SENDING, RECEIVING };

struct worker {
    struct hg_pool *pool;
    struct hg_watch watch; /* fd: our end of the channel */
    struct hg_timer deadline;
    pid_t pid;
    enum state state;
    struct hg_job *job;
    uint32_t id;   /* of the job */
    uint8_t *head; /* job head and name, while SENDING */
    size_t head_size, sent;
    struct hg_worker_reply reply;
    uint8_t *body;
    size_t received; /* of reply and body together */
};

struct hg_pool {
    struct hg_loop *loop;
    struct hg_pool_options options;
    struct worker workers[HG_POOL_MAX];
    struct hg_job *first, **last;
};

static void dispatch(struct hg_pool *pool);
static void ready(struct hg_watch *watch, uint32_t events);
static void expired(struct hg_timer *timer);

static int spawn(struct worker *w)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0)
        hg_worker_main(ends[1], w->pool->options.scan, w->pool->options.context);
    int error = errno;
    close(ends[1]);
    if (pid < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
        close(ends[0]);
        return -error;
    }
    w->watch = (struct hg_watch){ends[0], ready, w};
    w->deadline.fire = expired;
    w->deadline.owner = w;
    w->pid = pid;
    w->state = STARTING;
    w->received = 0;
    w->id = 0;
    hg_loop_arm(w->pool->loop, &w->deadline, hg_now_ms() + START_MS);
    return hg_loop_add(w->pool->loop, &w->watch, EPOLLIN);
}

/* Take the worker out of service; returns its wait status. */
static int bury(struct worker *w, bool kill_it)
{
    int status = 0;
    hg_loop_disarm(w->pool->loop, &w->deadline);
    hg_loop_remove(w->pool->loop, &w->watch);
    if (kill_it)
        (void)kill(w->pid, SIGKILL);
    close(w->watch.fd); /* whichever way it hangs, it now ends */
    while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
        ;
    free(w->head);
    free(w->body);
    w->head = w->body = NULL;
    w->state = DEAD;
    return status;
}

static void finish(struct worker *w, const struct hg_scan_result *result)
{
    struct hg_job *job = w->job;
    w->job = NULL;
    if (job != NULL)
        job->done(job, result);
}

/* Tell a job that there is no answer. */
static void fail(struct hg_job *job, enum hg_scan_state state, int detail)
{
    struct hg_findings none = {0};
    const struct hg_scan_result result = {state, detail, &none, NULL, 0};
    if (job != NULL)
        job->done(job, &result);
}

static struct hg_job *take_job(struct hg_pool *pool)
{
    struct hg_job *job = pool->first;
    pool->first = job->next;
    if (pool->first == NULL)
        pool->last = &pool->first;
    return job;
}

static bool any_alive(const struct hg_pool *pool)
{
    for (unsigned i = 0; i < pool->options.workers; i++)
        if (pool->workers[i].state != DEAD)
            return true;
    return false;
}

/* The worker is of no more use: its job ends as `state`, and a new worker takes its place. */
static void replace(struct worker *w, enum hg_scan_state state, int detail)
{
    bool had_started = w->state != STARTING;
    int status = bury(w, state != HG_SCAN_CRASHED);
    if (state == HG_SCAN_CRASHED)
        detail = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    struct hg_job *job = w->job;
    w->job = NULL;
    fail(job, state, detail);
    /* One that cannot even start is tried again with the next job, not at once. */
    if (had_started)
        (void)spawn(w);
    while (!any_alive(w->pool) && w->pool->first != NULL)
        fail(take_job(w->pool), state, detail);
    dispatch(w->pool);
}

static void expired(struct hg_timer *timer)
{
    replace(timer->owner, HG_SCAN_TIMEOUT, 0);
}

/* Push what the socket takes. 0 done, -EAGAIN, or another -errno. */
static int push(struct worker *w)
{
    while (w->sent < w->head_size) {
        ssize_t n = send(w->watch.fd, w->head + w->sent, w->head_size - w->sent, MSG_NOSIGNAL);
        if (n < 0)
            return -errno;
        w->sent += (size_t)n;
    }
    while (w->sent - w->head_size < w->job->size) {
        off_t at = (off_t)(w->sent - w->head_size);
        ssize_t n = sendfile(w->watch.fd, w->job->fd, &at, w->job->size - (uint64_t)at);
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        w->sent += (size_t)n;
    }
    return 0;
}

static void go_on_sending(struct worker *w)
{
    int rc = push(w);
    if (rc == -EAGAIN || rc == -EINTR)
        return;
    if (rc != 0) {
        replace(w, rc == -EPIPE || rc == -ECONNRESET ? HG_SCAN_CRASHED : HG_SCAN_FAILED, -rc);
        return;
    }
    w->state = RECEIVING;
    (void)hg_loop_change(w->pool->loop, &w->watch, EPOLLIN);
}

static int start_job(struct worker *w, struct hg_job *job)
{
    size_t name = job->name == NULL ? 0 : strnlen(job->name, HG_WORKER_NAME_MAX);
    struct hg_worker_job head = {HG_WORKER_MAGIC, (uint32_t)job->kind, (uint32_t)name, ++w->id, job->size};
    w->head = malloc(sizeof head + name);
    if (w->head == NULL)
        return -ENOMEM;
    memcpy(w->head, &head, sizeof head);
    if (name != 0)
        memcpy(w->head + sizeof head, job->name, name);
    w->head_size = sizeof head + name;
    w->sent = w->received = 0;
    w->job = job;
    w->state = SENDING;
    hg_loop_arm(w->pool->loop, &w->deadline, hg_now_ms() + w->pool->options.timeout_ms);
    return hg_loop_change(w->pool->loop, &w->watch, EPOLLIN | EPOLLOUT);
}

static struct worker *idle_worker(struct hg_pool *pool)
{
    for (unsigned i = 0; i < pool->options.workers; i++)
        if (pool->workers[i].state == IDLE)
            return &pool->workers[i];
    return NULL;
}

static void dispatch(struct hg_pool *pool)
{
    struct worker *w;
    while (pool->first != NULL && (w = idle_worker(pool)) != NULL) {
        int rc = start_job(w, pool->first);
        struct hg_job *job = take_job(pool);
        if (rc != 0) {
            w->job = NULL;
            w->state = IDLE;
            fail(job, HG_SCAN_FAILED, -rc);
        }
    }
}

void hg_pool_submit(struct hg_pool *pool, struct hg_job *job)
{
    job->next = NULL;
    *pool->last = job;
    pool->last = &job->next;
    int rc = any_alive(pool) ? 0 : spawn(&pool->workers[0]);
    if (rc != 0)
        fail(take_job(pool), HG_SCAN_FAILED, -rc);
    dispatch(pool);
}

/* A whole answer has come. */
static void answered(struct worker *w)
{
    struct hg_findings found = {0};
    struct hg_scan_result result = {.state = HG_SCAN_DONE, .findings = &found};
    if (w->reply.status == HG_WORKER_READY || w->reply.id != w->id) {
        replace(w, HG_SCAN_FAILED, EBADMSG);
        return;
    }
    if (w->reply.status == HG_WORKER_ERROR) {
        result.state = HG_SCAN_FAILED;
        result.detail = w->reply.error;
    } else {
        int rc = hg_codec_decode(w->body, w->reply.size, &found);
        if (rc != 0) {
            replace(w, HG_SCAN_FAILED, -rc);
            return;
        }
        result.encoded = w->body;
        result.encoded_size = w->reply.size;
    }
    hg_loop_disarm(w->pool->loop, &w->deadline);
    uint8_t *body = w->body;
    free(w->head);
    w->head = w->body = NULL;
    w->received = 0;
    w->state = IDLE;
    finish(w, &result);
    free(body);
    hg_findings_clear(&found);
    dispatch(w->pool);
}

/* Read on; true when the answer is whole. A negative *error: the worker is finished. */
static bool receive(struct worker *w, int *error)
{
    *error = 0;
    for (;;) {
        size_t head = sizeof w->reply;
        bool in_head = w->received < head;
        if (!in_head && w->received == head + w->reply.size)
            return true;
        uint8_t *to = in_head ? (uint8_t *)&w->reply + w->received : w->body + (w->received - head);
        size_t want = in_head ? head - w->received : head + w->reply.size - w->received;
        ssize_t n = recv(w->watch.fd, to, want, MSG_DONTWAIT);
        if (n <= 0) {
            *error = n == 0 ? -EPIPE : errno == EAGAIN || errno == EINTR ? 0 : -errno;
            return false;
        }
        w->received += (size_t)n;
        if (in_head && w->received == head) {
            *error = hg_worker_reply_check(&w->reply);
            if (*error != 0)
                return false;
            if (w->reply.size != 0 && (w->body = malloc(w->reply.size)) == NULL) {
                *error = -ENOMEM;
                return false;
            }
        }
    }
}

static void started(struct worker *w)
{
    if (w->reply.status != HG_WORKER_READY) {
        replace(w, HG_SCAN_FAILED, w->reply.status == HG_WORKER_ERROR ? w->reply.error : EBADMSG);
        return;
    }
    hg_loop_disarm(w->pool->loop, &w->deadline);
    w->received = 0;
    w->state = IDLE;
    dispatch(w->pool);
}

static void ready(struct hg_watch *watch, uint32_t events)
{
    struct worker *w = watch->owner;
    int error;
    if (w->state == SENDING && (events & EPOLLIN) == 0) {
        go_on_sending(w);
        return;
    }
    if (receive(w, &error)) {
        if (w->state == STARTING)
            started(w);
        else if (w->state == RECEIVING)
            answered(w);
        else /* speaks without being asked */
            replace(w, HG_SCAN_FAILED, EBADMSG);
    } else if (error != 0) {
        replace(w, error == -EPIPE || error == -ECONNRESET ? HG_SCAN_CRASHED : HG_SCAN_FAILED, -error);
    }
}

/* Wait for the first sign of life of one worker, before the loop runs. */
static int await_first(struct worker *w, struct hg_error *err)
{
    struct pollfd p = {.fd = w->watch.fd, .events = POLLIN};
    int n = poll(&p, 1, START_MS);
    ssize_t got = n == 1 ? recv(w->watch.fd, &w->reply, sizeof w->reply, 0) : -1;
    if (got == (ssize_t)sizeof w->reply && hg_worker_reply_check(&w->reply) == 0) {
        if (w->reply.status == HG_WORKER_READY) {
            hg_loop_disarm(w->pool->loop, &w->deadline);
            w->state = IDLE;
            return 0;
        }
        return hg_error_set(
            err, -w->reply.error,
            "the scan worker cannot confine itself (%s); seccomp filters must be allowed here",
            strerror(w->reply.error));
    }
    return hg_error_set(err, -EIO, "the scan worker did not start");
}

int hg_pool_start(struct hg_loop *loop, const struct hg_pool_options *options, struct hg_pool **out,
                  struct hg_error *err)
{
    struct hg_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        return hg_error_set(err, -ENOMEM, "out of memory");
    pool->loop = loop;
    pool->options = *options;
    pool->last = &pool->first;
    int rc = 0;
    for (unsigned i = 0; i < options->workers && rc == 0; i++) {
        pool->workers[i].pool = pool;
        rc = spawn(&pool->workers[i]);
    }
    if (rc != 0)
        (void)hg_error_set(err, rc, "the scan worker cannot be started: %s", strerror(-rc));
    else
        rc = await_first(&pool->workers[0], err);
    if (rc != 0) {
        hg_pool_stop(pool);
        return rc;
    }
    *out = pool;
    return 0;
}

void hg_pool_stop(struct hg_pool *pool)
{
    if (pool == NULL)
        return;
    for (unsigned i = 0; i < pool->options.workers; i++) {
        struct worker *w = &pool->workers[i];
        if (w->state == DEAD)
            continue;
        (void)bury(w, true);
        fail(w->job, HG_SCAN_FAILED, ECANCELED);
    }
    while (pool->first != NULL)
        fail(take_job(pool), HG_SCAN_FAILED, ECANCELED);
    free(pool);
}
