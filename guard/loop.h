/* SPDX-License-Identifier: Apache-2.0 */
/* The guard's single-threaded event loop: descriptors and deadlines. */
#ifndef HUBGUARD_GUARD_LOOP_H
#define HUBGUARD_GUARD_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded in whatever owns the descriptor; `owner` is the owner's. */
struct hg_watch {
    int fd;
    void (*ready)(struct hg_watch *watch, uint32_t events);
    void *owner;
};

/* Embedded likewise; armed when at_ms is not 0. */
struct hg_timer {
    uint64_t at_ms;
    void (*fire)(struct hg_timer *timer);
    void *owner;
    struct hg_timer *next, *prev;
};

struct hg_loop {
    int epoll_fd;
    struct hg_timer *timers;
};

uint64_t hg_now_ms(void); /* CLOCK_MONOTONIC */
uint64_t hg_now_us(void);

int hg_loop_open(struct hg_loop *loop); /* 0 or -errno */
void hg_loop_close(struct hg_loop *loop);
/* `events` as for epoll, level-triggered. 0 or -errno. */
int hg_loop_add(struct hg_loop *loop, struct hg_watch *watch, uint32_t events);
int hg_loop_change(struct hg_loop *loop, struct hg_watch *watch, uint32_t events);
void hg_loop_remove(struct hg_loop *loop, struct hg_watch *watch); /* before the descriptor is closed */
/* Arm (or move) a timer; after it fired it is unarmed again. */
void hg_loop_arm(struct hg_loop *loop, struct hg_timer *timer, uint64_t at_ms);
void hg_loop_disarm(struct hg_loop *loop, struct hg_timer *timer);
/* Wait for one event or deadline and handle it. Handlers may add, remove and free any watch or timer.
 * 0 or -errno of epoll_wait(2) (never -EINTR). */
int hg_loop_step(struct hg_loop *loop);

#endif
