/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guard/caged.h"
#include "guard/needs.h"
#include "guard/process.h"
#include "guard/text.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* --- answers
 * ---------------------------------------------------------------------------------------------------------
 */

bool hg_cage_observes(const struct hg_cage *cage)
{
    return cage->options.policy->mode == HG_MODE_OBSERVE;
}

static void answer(struct hg_inquiry *q, struct hg_reply *reply, const char *text, const int *fds,
                   size_t count)
{
    size_t size = strlen(text);
    reply->magic = HG_WIRE_MAGIC;
    reply->version = HG_WIRE_VERSION;
    reply->text_len = (uint32_t)(size < HG_WIRE_TEXT_MAX ? size : HG_WIRE_TEXT_MAX - 1);
    hg_inquiry_finish(q, reply, text, fds, count);
}

void hg_cage_answer(struct hg_inquiry *q, enum hg_verdict verdict, int error, const char *text)
{
    struct hg_reply reply = {.verdict = verdict, .error = error};
    answer(q, &reply, text, NULL, 0);
}

void hg_cage_answer_fd(struct hg_inquiry *q, int fd)
{
    struct hg_reply reply = {.verdict = HG_VERDICT_ALLOW};
    answer(q, &reply, "", &fd, 1);
}

struct hg_act hg_cage_act(const struct hg_inquiry *q, enum hg_act_kind kind, const char *object)
{
    return (struct hg_act){.kind = kind,
                           .pid = q->pid,
                           .tid = q->question.head.tid < 0 ? 0 : q->question.head.tid,
                           .hook = true,
                           .object = object,
                           .frame = q->question.frame,
                           .line = q->question.head.line};
}

bool hg_cage_refuse(struct hg_cage *cage, struct hg_inquiry *q, const struct hg_act *act, int error)
{
    bool observe = hg_cage_observes(cage);
    hg_acts_record(&cage->acts, act, observe ? HG_ACT_WOULD_REFUSE : HG_ACT_REFUSE);
    if (observe)
        return false;
    char text[HG_WIRE_TEXT_MAX];
    (void)hg_acts_message(&cage->acts, act, text, sizeof text);
    hg_cage_answer(q, HG_VERDICT_BLOCK, error, text);
    return true;
}

/* --- the cages
 * ------------------------------------------------------------------------------------------------------- */

void hg_caged_end(struct hg_caged *caged)
{
    struct hg_cage *cage = caged->cage;
    for (struct hg_caged **at = &cage->first; *at != NULL; at = &(*at)->next) {
        if (*at == caged) {
            *at = caged->next;
            break;
        }
    }
    if (caged->listener.fd >= 0) {
        hg_loop_remove(cage->options.loop, &caged->listener);
        close(caged->listener.fd);
        cage->closed--;
    } else {
        cage->closing--;
    }
    hg_places_free(&caged->places);
    free(caged->path);
    free(caged);
}

struct hg_caged *hg_cage_of(struct hg_cage *cage, const struct hg_inquiry *q)
{
    for (struct hg_caged *c = cage->first; c != NULL; c = c->next)
        if (c->listener.fd >= 0 && (q->cage != 0 ? c->id == q->cage : c->pid == q->pid))
            return c;
    return NULL;
}

static struct hg_caged *closing_of(struct hg_cage *cage, pid_t pid)
{
    for (struct hg_caged *c = cage->first; c != NULL; c = c->next)
        if (c->listener.fd < 0 && c->pid == pid)
            return c;
    return NULL;
}

/* Those that asked for a cage and never came back, and the one that asks again. */
static void forget_closing(struct hg_cage *cage, pid_t again)
{
    uint64_t now = hg_now_ms();
    struct hg_caged *oldest = NULL; /* the list has the newest first */
    for (struct hg_caged *c = cage->first, *next; c != NULL; c = next) {
        next = c->next;
        if (c->listener.fd >= 0)
            continue;
        if (c->pid == again || c->asked_ms + HG_CAGE_WAIT_MS < now)
            hg_caged_end(c);
        else
            oldest = c;
    }
    if (cage->closing >= HG_CAGE_CLOSING && oldest != NULL)
        hg_caged_end(oldest);
}

size_t hg_cage_count(const struct hg_cage *cage)
{
    return cage->closed;
}

/* --- failures
 * -------------------------------------------------------------------------------------------------------- */

/* No cage for this process. The remote code does not run, unless the policy says so. */
static void fail(struct hg_cage *cage, struct hg_inquiry *q, const char *path, const char *why,
                 const char *todo)
{
    const struct hg_policy *p = cage->options.policy;
    struct hg_cage_facts *facts = cage->options.facts;
    bool pass = p->on_error_allow || p->mode == HG_MODE_OBSERVE;
    char text[HG_WIRE_TEXT_MAX], shown[600];
    if (facts->failed++ == 0)
        (void)snprintf(facts->why, sizeof facts->why, "%s", why);
    const struct hg_cage_event event = {.pid = q->pid, .path = path, .reason = why};
    (void)hg_report_cage(cage->options.report, &event);
    (void)hg_text_escape(path, strlen(path), true, shown, sizeof shown);
    (void)snprintf(text, sizeof text, "hubguard: %s %s\n  the cage cannot be closed: %s\n%s%s%s",
                   pass ? "warning: not caged:" : "blocked", shown, why,
                   todo[0] != '\0' ? "  what helps: " : "", todo, todo[0] != '\0' ? "\n" : "");
    struct hg_reply reply = {.verdict = pass ? HG_VERDICT_ALLOW : HG_VERDICT_BLOCK,
                             .flags = p->banner ? HG_REPLY_BANNER : 0};
    answer(q, &reply, text, NULL, 0);
}

static bool lacks(struct hg_cage *cage, struct hg_inquiry *q)
{
    struct hg_need need;
    char why[360];
    if (hg_cage_observes(cage) && cage->machine.user_notify && cage->machine.addfd &&
        cage->machine.tsync_esrch)
        return false; /* no ruleset is asked for */
    if (!hg_needs_lack(&cage->machine, cage->options.policy, &need))
        return false;
    (void)snprintf(why, sizeof why, "%s needs %s, which this machine lacks%s%s", need.by, need.what,
                   need.state[0] != '\0' ? ": " : "", need.state);
    fail(cage, q, q->question.path, why, need.remedy);
    return true;
}

/* --- HG_REQ_CAGE
 * ------------------------------------------------------------------------------------------------------ */

static const char *environment(const char *name, void *ctx)
{
    (void)ctx;
    return getenv(name);
}

static int find_places(struct hg_cage *cage, struct hg_caged *caged, struct hg_error *err)
{
    char interpreter[PATH_MAX];
    int rc = hg_process_link(caged->pid, "exe", interpreter, sizeof interpreter);
    if (rc < 0)
        return hg_error_set(err, rc, "the program of process %ld cannot be told: %s", (long)caged->pid,
                            strerror(-rc));
    const struct hg_places_options options = {.policy = cage->options.policy,
                                              .roots = cage->options.roots,
                                              .cwd = cage->options.cwd,
                                              .interpreter = interpreter,
                                              .env = environment};
    return hg_places_find(&options, &caged->places, err);
}

/* The programs are the same for every process. */
static int build_programs(struct hg_cage *cage, struct hg_error *err)
{
    if (cage->programs[0].items != NULL)
        return 0;
    const struct hg_filter_options options = {.policy = cage->options.policy,
                                              .guard = getpid(),
                                              .landlock_abi = cage->machine.landlock_abi,
                                              .observe = hg_cage_observes(cage)};
    return hg_filter_build(&options, cage->programs, err);
}

/* Some 2 ms that the first process which closes its cage need not wait for. A failure shows again there. */
static void build_early(struct hg_timer *timer)
{
    struct hg_cage *cage = timer->owner;
    struct hg_error err = {""};
    if (hg_needs_lack(&cage->machine, cage->options.policy, &(struct hg_need){0}))
        return;
    (void)build_programs(cage, &err);
}

/* A copy of its own for each process: an offset is shared with whoever holds the same description. */
static int sealed_program(const struct hg_program *program)
{
    size_t size = program->count * sizeof *program->items;
    int fd = memfd_create("hubguard-seccomp", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    ssize_t n = pwrite(fd, program->items, size, 0);
    int rc = n < 0 ? -errno : (size_t)n != size ? -EIO : fcntl(fd, F_ADD_SEALS, SEALS) != 0 ? -errno : 0;
    if (rc == 0)
        return fd;
    close(fd);
    return rc;
}

/* What the process gets. The number of descriptors, or -errno with none open. */
static int make_descriptors(struct hg_cage *cage, const struct hg_places *places, int fds[HG_CAGE_FDS],
                            struct hg_error *err)
{
    int count = 0, rc = 0;
    for (; count < HG_CAGE_PROGRAMS && rc >= 0; count += rc >= 0) {
        rc = sealed_program(&cage->programs[count]);
        if (rc >= 0)
            fds[count] = rc;
        else
            (void)hg_error_set(err, rc, "no memory for the filter: %s", strerror(-rc));
    }
    if (rc >= 0 && cage->landlock_abi > 0) {
        rc = hg_places_ruleset(places, cage->landlock_abi, err);
        if (rc >= 0)
            fds[count++] = rc;
    }
    if (rc >= 0)
        return count;
    while (count > 0)
        close(fds[--count]);
    return rc;
}

/* One line for each place, as many as there is room for: the shim asks about what it does not find. */
static size_t put_lines(char letter, const struct hg_place_list *list, char *out, size_t size)
{
    size_t at = 0;
    for (size_t i = 0; i < list->count; i++) {
        size_t n = strlen(list->items[i].path);
        if (at + n + 3 > size || strchr(list->items[i].path, '\n') != NULL)
            continue;
        out[at++] = letter;
        memcpy(out + at, list->items[i].path, n);
        at += n;
        out[at++] = '\n';
    }
    out[at] = '\0';
    return at;
}

static int prepare(struct hg_cage *cage, struct hg_caged *caged, int fds[HG_CAGE_FDS], struct hg_error *err)
{
    int rc = find_places(cage, caged, err);
    if (rc == 0)
        rc = build_programs(cage, err);
    return rc == 0 ? make_descriptors(cage, &caged->places, fds, err) : rc;
}

/* The places, for the hooks. Denied ones first: a message about them has no other source, a place for writing
 * that is left out costs a question. */
static void put_places(const struct hg_places *places, char text[HG_WIRE_TEXT_MAX])
{
    size_t at = put_lines('D', &places->deny_read, text, HG_WIRE_TEXT_MAX);
    (void)put_lines('W', &places->write, text + at, HG_WIRE_TEXT_MAX - at);
}

static void ask_cage(struct hg_cage *cage, struct hg_inquiry *q)
{
    int fds[HG_CAGE_FDS];
    char text[HG_WIRE_TEXT_MAX];
    struct hg_error err = {"out of memory"};
    const struct hg_caged *inside = q->cage != 0 ? hg_cage_of(cage, q) : NULL;
    if (inside != NULL) { /* a child of one that closed it: nothing to install */
        put_places(&inside->places, text);
        hg_cage_answer(q, HG_VERDICT_ALLOW, 0, text);
        return;
    }
    if (lacks(cage, q))
        return;
    forget_closing(cage, q->pid);
    if (cage->closed >= HG_CAGES_MOST) {
        fail(cage, q, q->question.path, "too many cages are in force at once", "");
        return;
    }
    struct hg_caged *caged = calloc(1, sizeof *caged);
    char *path = caged == NULL ? NULL : strdup(q->question.path);
    if (path == NULL) {
        free(caged);
        fail(cage, q, q->question.path, err.text, "");
        return;
    }
    *caged = (struct hg_caged){.id = ++cage->last_id,
                               .pid = q->pid,
                               .path = path,
                               .cage = cage,
                               .listener = {.fd = -1},
                               .asked_ms = hg_now_ms(),
                               .next = cage->first};
    cage->first = caged;
    cage->closing++;
    int count = prepare(cage, caged, fds, &err);
    if (count < 0) {
        hg_caged_end(caged);
        fail(cage, q, q->question.path, err.text, "");
        return;
    }
    put_places(&caged->places, text);
    struct hg_reply reply = {.verdict = HG_VERDICT_ALLOW,
                             .flags = cage->landlock_abi > 0 ? HG_REPLY_LANDLOCK : 0};
    answer(q, &reply, text, fds, (size_t)count);
    while (count > 0)
        close(fds[--count]);
}

/* --- HG_REQ_LISTENER
 * -------------------------------------------------------------------------------------------------- */

static void closed(struct hg_cage *cage, const struct hg_caged *caged)
{
    struct hg_cage_facts *facts = cage->options.facts;
    facts->landlock = (facts->closed == 0 || facts->landlock) && cage->landlock_abi > 0;
    facts->landlock_abi = cage->landlock_abi;
    facts->closed++;
    const struct hg_cage_event event = {.pid = caged->pid,
                                        .closed = true,
                                        .observe = hg_cage_observes(cage),
                                        .landlock_abi = cage->landlock_abi,
                                        .instructions = {cage->programs[0].count, cage->programs[1].count},
                                        .path = caged->path};
    (void)hg_report_cage(cage->options.report, &event);
}

/* A process without a cage, or with part of one: it says what went wrong. */
static void not_closed(struct hg_cage *cage, struct hg_inquiry *q, struct hg_caged *caged)
{
    const char *told = q->question.resolved;
    char why[300];
    if (told[0] != '\0')
        (void)hg_text_escape(told, strlen(told), true, why, sizeof why);
    else
        (void)snprintf(why, sizeof why, "the kernel refused it to this process: %s",
                       strerror((int)q->question.head.error));
    if (caged != NULL)
        hg_caged_end(caged);
    else
        cage->options.facts->landlock = false; /* the filter is in force, the ruleset not for every thread */
    fail(cage, q, q->question.path, why, "");
}

static void ask_listener(struct hg_cage *cage, struct hg_inquiry *q)
{
    struct hg_caged *caged = closing_of(cage, q->pid);
    if (q->fd < 0) {
        not_closed(cage, q, caged);
        return;
    }
    if (caged != NULL)
        caged->closed_ticks = hg_process_clock();
    int rc = caged == NULL ? -ESRCH : hg_notify_is_listener(q->fd) ? 0 : -EINVAL;
    if (rc == 0)
        rc = hg_notify_start(caged, q->fd);
    if (rc != 0) {
        char why[120];
        (void)snprintf(why, sizeof why, "the guard was given no seccomp listener to supervise: %s",
                       strerror(-rc));
        fail(cage, q, q->question.path, why, "");
        return;
    }
    q->fd = -1;
    cage->closing--;
    cage->closed++;
    closed(cage, caged);
    hg_cage_answer(q, HG_VERDICT_ALLOW, 0, "");
}

/* --- everything
 * -------------------------------------------------------------------------------------------------------- */

static void ask_broker(struct hg_cage *cage, struct hg_inquiry *q)
{
    static void (*const brokers[])(struct hg_caged *, struct hg_inquiry *) = {
        [HG_REQ_CONNECT] = hg_broker_connect, [HG_REQ_RESOLVE] = hg_broker_resolve,
        [HG_REQ_ATTR] = hg_broker_attr,       [HG_REQ_ACT] = hg_broker_act,
        [HG_REQ_SIGNAL] = hg_broker_signal,   [HG_REQ_MEMFD] = hg_broker_memfd,
    };
    struct hg_caged *caged = hg_cage_of(cage, q);
    if (caged != NULL)
        brokers[q->question.head.kind](caged, q);
    else
        hg_cage_answer(q, HG_VERDICT_BLOCK, EACCES, "hubguard: this process is in no cage of this guard");
}

void hg_cage_ask(struct hg_cage *cage, struct hg_inquiry *q)
{
    if (q->question.head.kind == HG_REQ_CAGE)
        ask_cage(cage, q);
    else if (q->question.head.kind == HG_REQ_LISTENER)
        ask_listener(cage, q);
    else
        ask_broker(cage, q);
}

static void release(struct hg_cage *cage)
{
    hg_loop_disarm(cage->options.loop, &cage->early);
    for (struct hg_caged *c = cage->first, *next; c != NULL; c = next) {
        next = c->next;
        hg_caged_end(c);
    }
    hg_work_close(cage->work);
    hg_patience_close(&cage->patience);
    hg_notify_close(cage);
    hg_net_free(cage->net);
    if (cage->programs != NULL && cage->programs[0].items != NULL)
        hg_programs_free(cage->programs);
    free(cage->programs);
    free(cage);
}

int hg_cage_open(const struct hg_cage_options *options, struct hg_cage **out, struct hg_error *err)
{
    struct hg_cage *cage = calloc(1, sizeof *cage);
    if (cage == NULL)
        return hg_error_set(err, -ENOMEM, "out of memory");
    cage->options = *options;
    cage->programs = calloc(HG_CAGE_PROGRAMS, sizeof *cage->programs);
    if (cage->programs == NULL) {
        release(cage);
        return hg_error_set(err, -ENOMEM, "out of memory");
    }
    hg_machine_probe(&cage->machine);
    cage->landlock_abi = hg_cage_observes(cage) ? 0 : cage->machine.landlock_abi;
    int rc = hg_net_new(options->policy, environment, NULL, &cage->net, err);
    if (rc == 0) {
        rc = hg_acts_open(&cage->acts, options->policy, options->roots, options->report, options->facts);
        if (rc == 0)
            rc = hg_notify_open(cage);
        if (rc == 0)
            rc = hg_work_open(options->loop, &cage->work);
        if (rc == 0)
            rc = hg_patience_open(&cage->patience);
        if (rc != 0)
            (void)hg_error_set(err, rc, "the cage cannot be set up: %s", strerror(-rc));
    }
    if (rc != 0) {
        release(cage);
        return rc;
    }
    cage->early = (struct hg_timer){.fire = build_early, .owner = cage};
    hg_loop_arm(options->loop, &cage->early, hg_now_ms());
    *out = cage;
    return 0;
}

void hg_cage_set_server(struct hg_cage *cage, struct hg_server *server)
{
    cage->server = server;
}

void hg_cage_close(struct hg_cage *cage)
{
    if (cage != NULL)
        release(cage);
}
