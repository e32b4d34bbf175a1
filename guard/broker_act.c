/* SPDX-License-Identifier: Apache-2.0 */
/* HG_REQ_ACT: a hook asks before Python does something, so that a refusal can name the line. The kernel and
 * the other brokers decide; nothing hangs on this answer. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard/caged.h"
#include "guard/process.h"
#include "guard/sockaddr.h"

/* As execvp(3) would find it. False: nowhere, and the kernel will say so. */
static bool find_program(pid_t pid, const char *name, char *out, size_t size)
{
    const char *path = getenv("PATH");
    char candidate[PATH_MAX];
    if (strchr(name, '/') != NULL)
        return hg_process_path(pid, name, out, size) && access(out, F_OK) == 0;
    for (const char *at = path == NULL ? "/bin:/usr/bin" : path; name[0] != '\0';) {
        size_t n = strcspn(at, ":");
        int length = snprintf(candidate, sizeof candidate, "%.*s%s%s", (int)n, at, n == 0 ? "" : "/", name);
        if (length < (int)sizeof candidate && hg_process_path(pid, candidate, out, size) &&
            access(out, X_OK) == 0)
            return true;
        if (at[n] == '\0')
            return false;
        at += n + 1;
    }
    return false;
}

static bool may_exec(const struct hg_caged *c, pid_t pid, const char *object)
{
    char path[PATH_MAX];
    const struct hg_words *allow = &c->cage->options.policy->exec_allow;
    if (allow->count == 1 && strcmp(allow->items[0], "none") == 0)
        return false;
    return !find_program(pid, object, path, sizeof path) || hg_places_may_exec(&c->places, path);
}

static bool may_resolve(const struct hg_caged *c, pid_t pid, const char *object)
{
    struct hg_sockaddr address;
    (void)pid;
    return object[0] == '\0' || hg_sockaddr_numeric(object, 0, &address) ||
           hg_net_may_resolve(c->cage->net, object);
}

/* HOST:PORT; a name is judged as a name, its port when the address is connected to. */
static bool may_connect(const struct hg_caged *c, pid_t pid, const char *object)
{
    char host[256];
    struct hg_sockaddr address;
    const char *colon = strrchr(object, ':');
    size_t n = colon == NULL ? 0 : (size_t)(colon - object);
    if (colon == NULL || n >= sizeof host)
        return false;
    memcpy(host, object, n);
    host[n] = '\0';
    char *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (end == colon + 1 || *end != '\0' || port > 65535)
        return false;
    if (hg_sockaddr_numeric(host, (unsigned)port, &address))
        return hg_net_may_connect(c->cage->net, (const struct sockaddr *)&address.at, address.size);
    return may_resolve(c, pid, host);
}

static bool may_write(const struct hg_caged *c, pid_t pid, const char *object)
{
    char path[PATH_MAX];
    return !hg_process_path(pid, object, path, sizeof path) || hg_places_may_write(&c->places, path);
}

static bool may_read(const struct hg_caged *c, pid_t pid, const char *object)
{
    char path[PATH_MAX];
    return !hg_process_path(pid, object, path, sizeof path) || hg_places_may_read(&c->places, path);
}

void hg_broker_act(struct hg_caged *caged, struct hg_inquiry *q)
{
    static bool (*const judges[])(const struct hg_caged *, pid_t, const char *) = {
        [HG_ACT_EXEC] = may_exec,   [HG_ACT_CONNECT] = may_connect, [HG_ACT_RESOLVE] = may_resolve,
        [HG_ACT_WRITE] = may_write, [HG_ACT_READ] = may_read,
    };
    struct hg_cage *cage = caged->cage;
    int kind = hg_acts_kind(q->question.resolved);
    if (kind < 0) {
        hg_cage_answer(q, HG_VERDICT_BLOCK, EINVAL, "hubguard: an act of no known kind");
        return;
    }
    struct hg_act act = hg_cage_act(q, (enum hg_act_kind)kind, q->question.path);
    bool happened = q->question.head.layer == HG_LAYER_LIBC; /* the kernel has refused it */
    if (!happened && judges[kind](caged, q->pid, q->question.path)) {
        hg_cage_answer(q, HG_VERDICT_ALLOW, 0, "");
        return;
    }
    if (!hg_cage_refuse(cage, q, &act, EACCES))
        hg_cage_answer(q, HG_VERDICT_ALLOW, 0, "");
}
