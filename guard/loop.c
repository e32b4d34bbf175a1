/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/loop.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

uint64_t hg_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

uint64_t hg_now_ms(void)
{
    return hg_now_us() / 1000u;
}

int hg_loop_open(struct hg_loop *loop)
{
    loop->timers = NULL;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return loop->epoll_fd < 0 ? -errno : 0;
}

void hg_loop_close(struct hg_loop *loop)
{
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    loop->epoll_fd = -1;
}

static int control(struct hg_loop *loop, int op, struct hg_watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data = {.ptr = watch}};
    return epoll_ctl(loop->epoll_fd, op, watch->fd, &event) != 0 ? -errno : 0;
}

int hg_loop_add(struct hg_loop *loop, struct hg_watch *watch, uint32_t events)
{
    return control(loop, EPOLL_CTL_ADD, watch, events);
}

int hg_loop_change(struct hg_loop *loop, struct hg_watch *watch, uint32_t events)
{
    return control(loop, EPOLL_CTL_MOD, watch, events);
}

void hg_loop_remove(struct hg_loop *loop, struct hg_watch *watch)
{
    (void)control(loop, EPOLL_CTL_DEL, watch, 0);
}

void hg_loop_disarm(struct hg_loop *loop, struct hg_timer *timer)
{
    if (timer->at_ms == 0)
        return;
    timer->at_ms = 0;
    if (timer->prev != NULL)
        timer->prev->next = timer->next;
    else
        loop->timers = timer->next;
    if (timer->next != NULL)
        timer->next->prev = timer->prev;
    timer->next = timer->prev = NULL;
}

void hg_loop_arm(struct hg_loop *loop, struct hg_timer *timer, uint64_t at_ms)
{
    hg_loop_disarm(loop, timer);
    timer->at_ms = at_ms;
    timer->prev = NULL;
    timer->next = loop->timers;
    if (loop->timers != NULL)
        loop->timers->prev = timer;
    loop->timers = timer;
}

static struct hg_timer *earliest(const struct hg_loop *loop)
{
    struct hg_timer *first = NULL;
    for (struct hg_timer *t = loop->timers; t != NULL; t = t->next)
        if (first == NULL || t->at_ms < first->at_ms)
            first = t;
    return first;
}

static int timeout_of(const struct hg_timer *timer)
{
    if (timer == NULL)
        return -1;
    uint64_t now = hg_now_ms();
    if (timer->at_ms <= now)
        return 0;
    uint64_t left = timer->at_ms - now;
    return left > INT_MAX ? INT_MAX : (int)left;
}

int hg_loop_step(struct hg_loop *loop)
{
    /* One event at a time: a handler may free what a later event of the same batch would point to. The kernel
     * rotates its ready list, so nobody starves. Descriptors come before deadlines: an answer that lies ready
     * when a stopped guard is continued (job control) is taken although its deadline has passed. */
    struct epoll_event event;
    int n = epoll_wait(loop->epoll_fd, &event, 1, timeout_of(earliest(loop)));
    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    if (n == 1) {
        struct hg_watch *watch = event.data.ptr;
        watch->ready(watch, event.events);
        return 0;
    }
    struct hg_timer *due = earliest(loop);
    if (due != NULL && due->at_ms <= hg_now_ms()) {
        hg_loop_disarm(loop, due);
        due->fire(due);
    }
    return 0;
}
