/* SPDX-License-Identifier: Apache-2.0 */
/* HG_REQ_RESOLVE: names are looked up here, so that the process needs no datagrams and DNS carries nothing
 * out.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/caged.h"
#include "guard/sockaddr.h"

#define FLAGS_KNOWN                                                                                          \
    (AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_V4MAPPED | AI_ALL | AI_ADDRCONFIG | AI_NUMERICSERV)
#define NAME_MOST 255 /* more is no host name (RFC 1035) */

struct lookup {
    struct hg_task task;
    struct hg_cage *cage; /* the loop's, as the inquiry */
    struct hg_inquiry *inquiry;
    char node[NAME_MOST + 1], service[64]; /* "" for none */
    struct addrinfo hints;
    struct addrinfo *found;
    int error; /* EAI_ */
};

static int run_lookup(struct lookup *l)
{
    return getaddrinfo(l->node[0] != '\0' ? l->node : NULL, l->service[0] != '\0' ? l->service : NULL,
                       &l->hints, &l->found);
}

/* As many lines as fit, each whole. */
static void put_answers(const struct addrinfo *found, char *out, size_t size)
{
    size_t at = 0;
    if (found != NULL && found->ai_canonname != NULL && strchr(found->ai_canonname, '\n') == NULL)
        at = (size_t)snprintf(out, size, "=%.255s\n", found->ai_canonname);
    out[at] = '\0';
    for (; found != NULL; found = found->ai_next) {
        char hex[2 * sizeof(struct sockaddr_storage) + 1], line[sizeof hex + 48];
        hg_hex_write(found->ai_addr, found->ai_addrlen, hex);
        int n = snprintf(line, sizeof line, "%d %d %d %s\n", found->ai_family, found->ai_socktype,
                         found->ai_protocol, hex);
        if (at + (size_t)n + 1 > size)
            return;
        memcpy(out + at, line, (size_t)n + 1);
        at += (size_t)n;
    }
}

static void answer(struct lookup *l)
{
    char text[HG_WIRE_TEXT_MAX];
    put_answers(l->error == 0 ? l->found : NULL, text, sizeof text);
    hg_cage_answer(l->inquiry, HG_VERDICT_ALLOW, l->error, text);
}

/* --- in a thread
 * ---------------------------------------------------------------------------------------------------------
 */

static void run(struct hg_task *task)
{
    struct lookup *l = (struct lookup *)task;
    l->error = run_lookup(l);
}

static void release(struct hg_task *task)
{
    struct lookup *l = (struct lookup *)task;
    if (l->found != NULL)
        freeaddrinfo(l->found);
    free(l);
}

static void done(struct hg_task *task)
{
    struct lookup *l = (struct lookup *)task;
    for (const struct addrinfo *a = l->error == 0 ? l->found : NULL; a != NULL && l->node[0] != '\0';
         a = a->ai_next)
        (void)hg_net_handed_out(l->cage->net, l->node, a->ai_addr, a->ai_addrlen);
    answer(l);
    release(task);
}

static void abandon(struct hg_task *task)
{
    hg_cage_answer(((struct lookup *)task)->inquiry, HG_VERDICT_BLOCK, EAI_FAIL, "hubguard: the guard ends");
}

/* --- the request
 * -------------------------------------------------------------------------------------------------------- */

/* "FLAGS FAMILY SOCKTYPE PROTOCOL" */
static bool read_hints(const char *text, struct addrinfo *hints)
{
    int *const parts[] = {&hints->ai_flags, &hints->ai_family, &hints->ai_socktype, &hints->ai_protocol};
    memset(hints, 0, sizeof *hints);
    for (size_t i = 0; i < 4; i++) {
        char *end;
        long value = strtol(text, &end, 10);
        if (end == text || value < 0 || value > 0xffffff || *end != (i < 3 ? ' ' : '\0'))
            return false;
        *parts[i] = (int)value;
        text = end + (i < 3);
    }
    hints->ai_flags &= FLAGS_KNOWN;
    return true;
}

/* An address in any of the spellings that getaddrinfo(3) knows: no name service is asked. */
static bool is_numeric(const char *node)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST};
    struct addrinfo *found = NULL;
    if (getaddrinfo(node, NULL, &hints, &found) != 0)
        return false;
    freeaddrinfo(found);
    return true;
}

static struct lookup *new_lookup(struct hg_cage *cage, struct hg_inquiry *q)
{
    struct lookup *l = calloc(1, sizeof *l);
    if (l == NULL)
        return NULL;
    l->task = (struct hg_task){run, done, abandon, release, NULL, NULL, NULL};
    l->cage = cage;
    l->inquiry = q;
    (void)snprintf(l->node, sizeof l->node, "%s", q->question.path);
    (void)snprintf(l->service, sizeof l->service, "%s", q->question.resolved);
    return l;
}

void hg_broker_resolve(struct hg_caged *caged, struct hg_inquiry *q)
{
    struct hg_cage *cage = caged->cage;
    const char *node = q->question.path;
    struct addrinfo hints;
    if (!read_hints(q->question.root, &hints) || strlen(q->question.resolved) >= 64) {
        hg_cage_answer(q, HG_VERDICT_ALLOW, EAI_BADFLAGS, "");
        return;
    }
    if (strlen(node) > NAME_MOST) {
        hg_cage_answer(q, HG_VERDICT_ALLOW, EAI_NONAME, "");
        return;
    }
    /* An address needs no look-up; whether it may be reached is asked when it is connected to. */
    bool numeric = node[0] != '\0' && is_numeric(node);
    if (node[0] != '\0' && !numeric) {
        const struct hg_act act = hg_cage_act(q, HG_ACT_RESOLVE, node);
        bool allowed = hg_net_may_resolve(cage->net, node);
        if (!allowed && hg_cage_refuse(cage, q, &act, EAI_FAIL))
            return;
        if (allowed)
            hg_acts_record(&cage->acts, &act, HG_ACT_ALLOW);
    }
    struct lookup *l = new_lookup(cage, q);
    if (l == NULL) {
        hg_cage_answer(q, HG_VERDICT_ALLOW, EAI_MEMORY, "");
        return;
    }
    l->hints = hints;
    l->hints.ai_flags |= numeric ? AI_NUMERICHOST : 0;
    if (hg_work_submit(cage->work, &l->task) != 0) {
        hg_cage_answer(q, HG_VERDICT_ALLOW, EAI_AGAIN, "");
        release(&l->task);
    }
}
