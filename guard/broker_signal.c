/* SPDX-License-Identifier: Apache-2.0 */
/* HG_REQ_SIGNAL: Landlock's scope (ABI 6) keeps every signal inside the cage, also from children that the
 * program started before it closed: pools are ended so, and servers that were started first. To those, and to
 * nobody else, the guard sends it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guard/caged.h"
#include "guard/process.h"

#define GENERATIONS_MOST 64

/* Of the same user, and a child of `ancestor` or of its children; not the guard, nor what belongs to it. */
static bool descends(pid_t pid, pid_t ancestor)
{
    struct hg_process p, asker;
    if (pid == ancestor || hg_process_read(ancestor, &asker) != 0)
        return false;
    for (int i = 0; i < GENERATIONS_MOST; i++) {
        if (pid <= 1 || pid == getpid() || hg_process_read(pid, &p) != 0 || p.uid != asker.uid)
            return false;
        if (p.parent == ancestor)
            return true;
        pid = p.parent;
    }
    return false;
}

static int deliver(pid_t asker, pid_t target, int number)
{
    pid_t leader = target < 0 ? -target : target;
    int pidfd = leader <= 1 ? -1 : (int)syscall(SYS_pidfd_open, leader, 0u);
    if (pidfd < 0)
        return leader <= 1 ? EPERM : errno;
    /* Held by the descriptor, the number is nobody else's while its parents are read. */
    int code = 0;
    if (!descends(leader, asker) || (target < 0 && leader == getpgrp()))
        code = EPERM;
    else if (target < 0)
        code = kill(target, number) != 0 ? errno : 0;
    else
        code = syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0u) != 0 ? errno : 0;
    close(pidfd);
    return code;
}

void hg_broker_signal(struct hg_caged *caged, struct hg_inquiry *q)
{
    const char *text = q->question.path;
    char *end;
    long target = strtol(text, &end, 10);
    long number = *end == ' ' ? strtol(end + 1, &end, 10) : -1;
    if (*end != '\0' || target > INT32_MAX || target < -INT32_MAX || number < 0 || number > SIGRTMAX) {
        hg_cage_answer(q, HG_VERDICT_BLOCK, EINVAL, "hubguard: no signal");
        return;
    }
    int code = deliver(q->pid, (pid_t)target, (int)number);
    if (code == EPERM && number != 0) {
        char object[48];
        (void)snprintf(object, sizeof object, "signal %ld to %ld", number, target);
        struct hg_act act = hg_cage_act(q, HG_ACT_CALL, object);
        act.call = "kill";
        if (hg_cage_refuse(caged->cage, q, &act, EPERM))
            return;
    }
    hg_cage_answer(q, code == 0 ? HG_VERDICT_ALLOW : HG_VERDICT_BLOCK, code, "");
}
