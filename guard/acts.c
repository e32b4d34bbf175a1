/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/acts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guard/loop.h"
#include "guard/message.h"

#define RULE_MOST 120 /* of a policy list in a message */

static const struct {
    const char *name, *verb, *rule;
    size_t words; /* offset of the list in the policy */
} kinds[] = {
    [HG_ACT_EXEC] = {"exec", "run", "exec.allow", offsetof(struct hg_policy, exec_allow)},
    [HG_ACT_CONNECT] = {"connect", "connect to", "net.allow", offsetof(struct hg_policy, net_allow)},
    [HG_ACT_RESOLVE] = {"resolve", "look up", "net.allow", offsetof(struct hg_policy, net_allow)},
    [HG_ACT_WRITE] = {"write", "write", "fs.write", offsetof(struct hg_policy, fs_write)},
    [HG_ACT_READ] = {"read", "read", "fs.deny_read", offsetof(struct hg_policy, fs_deny_read)},
    [HG_ACT_ATTR] = {"attr", "change attributes of", "fs.write", offsetof(struct hg_policy, fs_write)},
    [HG_ACT_CALL] = {"syscall", "call", "syscalls.base", 0},
};

int hg_acts_kind(const char *name)
{
    for (int i = HG_ACT_EXEC; i <= HG_ACT_READ; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return i;
    return -1;
}

int hg_acts_open(struct hg_acts *acts, const struct hg_policy *policy, const struct hg_roots *roots,
                 struct hg_report *report, struct hg_cage_facts *facts)
{
    memset(acts, 0, sizeof *acts);
    acts->policy = policy;
    acts->roots = roots;
    acts->report = report;
    acts->facts = facts;
    acts->tokens = HG_ACTS_BURST;
    acts->filled_ms = hg_now_ms();
    return getentropy(&acts->seen.seed, sizeof acts->seen.seed) != 0 ? -errno : 0;
}

/* --- words
 * ----------------------------------------------------------------------------------------------------------
 */

/* "exec.allow = python": the line of the policy that an act runs into. */
static void reason_of(const struct hg_acts *acts, const struct hg_act *act, char out[RULE_MOST + 48])
{
    const struct hg_policy *p = acts->policy;
    size_t at = (size_t)snprintf(out, 32, "%s =", kinds[act->kind].rule);
    if (act->kind == HG_ACT_CALL) {
        (void)snprintf(out + at, 32, " %s", p->syscalls_strict ? "strict" : "default");
        return;
    }
    const struct hg_words *words =
        (const struct hg_words *)(const void *)((const char *)p + kinds[act->kind].words);
    for (size_t i = 0; i < words->count; i++) {
        if (at + strlen(words->items[i]) > RULE_MOST) {
            (void)snprintf(out + at, 8, " ...");
            return;
        }
        at += (size_t)snprintf(out + at, RULE_MOST + 8 - at, " %s", words->items[i]);
    }
}

/* False when the act has no remote frame. */
static bool origin_of(const struct hg_acts *acts, const struct hg_act *act, struct hg_origin *out)
{
    if (act->frame == NULL || act->frame[0] == '\0')
        return false;
    const struct hg_root *root = act->frame[0] == '/' ? hg_roots_match(acts->roots, act->frame) : NULL;
    hg_origin_of(act->frame, NULL, root == NULL ? "" : root->path, out);
    return true;
}

size_t hg_acts_message(const struct hg_acts *acts, const struct hg_act *act, char *out, size_t size)
{
    char reason[RULE_MOST + 48];
    struct hg_origin origin;
    bool known = origin_of(acts, act, &origin);
    reason_of(acts, act, reason);
    const struct hg_act_message m = {.origin = known ? &origin : NULL,
                                     .line = act->line,
                                     .verb = kinds[act->kind].verb,
                                     .object = act->object,
                                     .reason = reason};
    return hg_message_act(&m, out, size);
}

/* --- the record
 * ----------------------------------------------------------------------------------------------------------
 */

static uint64_t hash_text(uint64_t h, const char *text)
{
    return text == NULL ? h : hg_seen_hash(h, text, strlen(text) + 1);
}

/* A refusal is news for each process, call and line; what is allowed once for all of them. */
static bool is_news(struct hg_acts *acts, const struct hg_act *act, enum hg_act_verdict verdict)
{
    const uint32_t what[2] = {(uint32_t)act->kind, (uint32_t)verdict};
    uint64_t h = hg_seen_hash(acts->seen.seed, what, sizeof what);
    h = hash_text(h, act->object);
    if (verdict != HG_ACT_ALLOW) {
        h = hash_text(hash_text(h, act->call), act->frame);
        h = hg_seen_hash(h, &act->line, sizeof act->line);
        h = hg_seen_hash(h, &act->pid, sizeof act->pid);
    }
    return !hg_seen_before(&acts->seen, h);
}

/* The set forgets when it is full: what bounds the report is this. */
static bool may_write(struct hg_acts *acts)
{
    uint64_t now = hg_now_ms(), more = (now - acts->filled_ms) * HG_ACTS_SECOND / 1000;
    if (more != 0) {
        acts->tokens = acts->tokens + more < HG_ACTS_BURST ? acts->tokens + more : HG_ACTS_BURST;
        acts->filled_ms = now;
    }
    if (acts->tokens == 0)
        return false;
    acts->tokens--;
    return true;
}

void hg_acts_record(struct hg_acts *acts, const struct hg_act *act, enum hg_act_verdict verdict)
{
    if (verdict == HG_ACT_REFUSE && acts->facts->acts_refused++ == 0)
        (void)hg_acts_message(acts, act, acts->facts->first_refusal, sizeof acts->facts->first_refusal);
    acts->facts->acts_would_refuse += verdict == HG_ACT_WOULD_REFUSE;
    if (!is_news(acts, act, verdict)) {
        acts->facts->acts_suppressed += verdict != HG_ACT_ALLOW;
        return;
    }
    if (!may_write(acts)) {
        acts->facts->acts_suppressed++;
        return;
    }
    char reason[RULE_MOST + 48];
    struct hg_origin origin;
    bool known = origin_of(acts, act, &origin);
    reason_of(acts, act, reason);
    const struct hg_act_event event = {.pid = act->pid,
                                       .tid = act->tid,
                                       .hook = act->hook,
                                       .act = kinds[act->kind].name,
                                       .call = act->call,
                                       .object = act->object,
                                       .verdict = verdict,
                                       .reason = verdict == HG_ACT_ALLOW ? "" : reason,
                                       .origin = known ? &origin : NULL,
                                       .line = act->line};
    (void)hg_report_act(acts->report, &event); /* a report that fails is told of by the gate's own events */
}
