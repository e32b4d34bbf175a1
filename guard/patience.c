/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/patience.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id /* glibc before 2.37 does not name it (timer_create(2)) */
#define sigev_notify_thread_id _sigev_un._tid
#endif

static void wake(int signal)
{
    (void)signal;
}

int hg_patience_open(struct hg_patience *p)
{
    struct sigaction act = {.sa_handler = wake}; /* without SA_RESTART */
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 1};
    sigset_t mine;
    event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
    sigemptyset(&mine);
    sigaddset(&mine, SIGRTMIN + 1);
    if (sigaction(SIGRTMIN + 1, &act, NULL) != 0 || sigprocmask(SIG_UNBLOCK, &mine, NULL) != 0 ||
        timer_create(CLOCK_MONOTONIC, &event, &p->timer) != 0)
        return -errno;
    p->open = 1;
    return 0;
}

void hg_patience_close(struct hg_patience *p)
{
    if (p->open)
        (void)timer_delete(p->timer);
    p->open = 0;
}

static void set(struct hg_patience *p, long ms)
{
    const struct timespec after = {0, ms * 1000000L};
    const struct itimerspec when = {after, after}; /* again and again: the first may come before the call */
    (void)timer_settime(p->timer, 0, &when, NULL);
}

void hg_patience_begin(struct hg_patience *p, long ms)
{
    set(p, ms);
}

void hg_patience_end(struct hg_patience *p)
{
    set(p, 0);
}
