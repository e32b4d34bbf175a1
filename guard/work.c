/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/work.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STACK_BYTES (256u << 10) /* getaddrinfo(3) with NSS modules wants more than the least */

/* The threads hold the mailbox too: it goes with the last of them. */
struct hg_work {
    struct hg_loop *loop;
    struct hg_watch watch; /* eventfd; closed with the work, never by a thread */
    pthread_mutex_t lock;  /* of everything below */
    bool closed;
    unsigned running;
    struct hg_task *under_way, *finished;
};

static void unlink_task(struct hg_task **list, struct hg_task *task)
{
    if (task->prev != NULL)
        task->prev->next = task->next;
    else
        *list = task->next;
    if (task->next != NULL)
        task->next->prev = task->prev;
    task->next = task->prev = NULL;
}

static void link_task(struct hg_task **list, struct hg_task *task)
{
    task->prev = NULL;
    task->next = *list;
    if (*list != NULL)
        (*list)->prev = task;
    *list = task;
}

static void destroy(struct hg_work *w)
{
    (void)pthread_mutex_destroy(&w->lock);
    free(w);
}

static void *thread_main(void *argument)
{
    struct hg_task *task = argument;
    struct hg_work *w = task->work;
    task->run(task);
    (void)pthread_mutex_lock(&w->lock);
    bool closed = w->closed, last = --w->running == 0;
    if (!closed) {
        const uint64_t one = 1;
        unlink_task(&w->under_way, task);
        link_task(&w->finished, task);
        ssize_t n = write(w->watch.fd, &one, sizeof one);
        (void)n; /* a full counter is a readable one */
    }
    (void)pthread_mutex_unlock(&w->lock);
    if (closed) {
        task->release(task);
        if (last)
            destroy(w);
    }
    return NULL;
}

static void finished(struct hg_watch *watch, uint32_t events)
{
    (void)events;
    struct hg_work *w = watch->owner;
    uint64_t count;
    ssize_t n = read(watch->fd, &count, sizeof count);
    (void)n;
    (void)pthread_mutex_lock(&w->lock);
    struct hg_task *list = w->finished, *next;
    w->finished = NULL;
    (void)pthread_mutex_unlock(&w->lock);
    for (; list != NULL; list = next) {
        next = list->next;
        list->next = list->prev = NULL;
        list->done(list);
    }
}

int hg_work_open(struct hg_loop *loop, struct hg_work **out)
{
    struct hg_work *w = calloc(1, sizeof *w);
    if (w == NULL)
        return -ENOMEM;
    w->loop = loop;
    w->watch = (struct hg_watch){eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), finished, w};
    int rc = w->watch.fd < 0 ? -errno : hg_loop_add(loop, &w->watch, EPOLLIN);
    if (rc == 0)
        rc = -pthread_mutex_init(&w->lock, NULL);
    if (rc != 0) {
        if (w->watch.fd >= 0)
            close(w->watch.fd);
        free(w);
        return rc;
    }
    *out = w;
    return 0;
}

void hg_work_close(struct hg_work *w)
{
    if (w == NULL)
        return;
    finished(&w->watch, 0);
    (void)pthread_mutex_lock(&w->lock);
    w->closed = true;
    hg_loop_remove(w->loop, &w->watch);
    close(w->watch.fd);
    struct hg_task *late = w->finished;
    w->finished = NULL;
    for (struct hg_task *t = w->under_way; t != NULL; t = t->next)
        t->abandon(t);
    bool last = w->running == 0;
    (void)pthread_mutex_unlock(&w->lock);
    for (struct hg_task *next; late != NULL; late = next) {
        next = late->next;
        late->done(late);
    }
    if (last)
        destroy(w);
}

static int start_thread(struct hg_task *task)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, old;
    int rc = pthread_attr_init(&attributes);
    if (rc != 0)
        return -rc;
    rc = pthread_attr_setstacksize(&attributes, STACK_BYTES);
    if (rc == 0)
        rc = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all); /* signals are the loop's */
    (void)pthread_sigmask(SIG_BLOCK, &all, &old);
    if (rc == 0)
        rc = pthread_create(&thread, &attributes, thread_main, task);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    (void)pthread_attr_destroy(&attributes);
    return -rc;
}

int hg_work_submit(struct hg_work *w, struct hg_task *task)
{
    task->work = w;
    (void)pthread_mutex_lock(&w->lock);
    bool room = w->running < HG_WORK_MOST;
    if (room) {
        w->running++;
        link_task(&w->under_way, task);
    }
    (void)pthread_mutex_unlock(&w->lock);
    if (!room)
        return -EAGAIN;
    if (start_thread(task) == 0)
        return 0;
    (void)pthread_mutex_lock(&w->lock);
    w->running--;
    unlink_task(&w->under_way, task);
    (void)pthread_mutex_unlock(&w->lock);
    return -EAGAIN;
}
