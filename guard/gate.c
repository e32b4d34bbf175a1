/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/codec.h"
#include "guard/library.h"
#include "guard/lookup.h"
#include "guard/memo.h"
#include "guard/message.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Bytes in the scanner's queue, and everybody who waits for them: many processes load one file at one moment.
 */
struct waiting {
    struct hg_job job;
    struct hg_inquiry *first;
    struct waiting *next;
};

struct hg_gate {
    struct hg_gate_options options;
    struct hg_pool *pool;
    struct hg_lookup *lookup;
    struct waiting *waiting;
    struct hg_counts counts;
    struct hg_seen events, banners;
    struct hg_roots *extra, *exclude; /* of the policy; NULL when it has none */
    char approve[1024];               /* the command that messages name */
    char notice[HG_ERROR_MAX + 32];   /* for the next banner: told to the user once */
};

/* --- small things
 * ------------------------------------------------------------------------------------------------ */

static void warn(struct hg_gate *g, const char *topic, const char *text)
{
    (void)hg_report_warning(g->options.report, topic, text);
    if (g->options.policy->banner && g->notice[0] == '\0')
        (void)snprintf(g->notice, sizeof g->notice, "hubguard: %s: %.400s\n", topic, text);
}

static void report_result(struct hg_gate *g, int rc)
{
    char text[160];
    if (rc == 0)
        return;
    (void)snprintf(text, sizeof text, "events are lost: %s", strerror(-rc));
    warn(g, "report", text);
}

static void new_reply(const struct hg_gate *g, enum hg_verdict verdict, struct hg_reply *reply)
{
    const struct hg_policy *p = g->options.policy;
    *reply = (struct hg_reply){.magic = HG_WIRE_MAGIC,
                               .version = HG_WIRE_VERSION,
                               .verdict = verdict,
                               .max_size = p->max_size,
                               .bytecode = (uint32_t)p->bytecode};
}

void hg_inquiry_finish(struct hg_inquiry *q, const struct hg_reply *reply, const char *text, const int *fds,
                       size_t count)
{
    q->answer(q->owner, reply, text, fds, count);
    if (q->fd >= 0)
        close(q->fd);
    hg_question_clear(&q->question);
    hg_findings_clear(&q->findings);
    free(q);
}

static void add_finding(struct hg_inquiry *q, const char *rule, const char *message,
                        enum hg_severity severity, uint16_t cwe)
{
    struct hg_finding f = {
        .severity = severity, .confidence = HG_CONF_HIGH, .reach = HG_REACH_LOAD, .cwe = {cwe}};
    char rule_copy[32], message_copy[160]; /* the members are not const, hg_findings_add() copies */
    (void)snprintf(rule_copy, sizeof rule_copy, "%s", rule);
    (void)snprintf(message_copy, sizeof message_copy, "%s", message);
    f.rule = rule_copy;
    f.message = message_copy;
    if (hg_findings_add(&q->findings, &f) == 0)
        hg_findings_sort(&q->findings);
}

/* --- the answer
 * -------------------------------------------------------------------------------------------------- */

static bool seen(struct hg_seen *set, const struct hg_inquiry *q, uint64_t more, bool by_process)
{
    uint64_t h = hg_seen_hash(set->seed, q->question.path, strlen(q->question.path));
    h = hg_seen_hash(h, q->sha256, sizeof q->sha256);
    h = hg_seen_hash(h, &more, sizeof more);
    if (by_process)
        h = hg_seen_hash(h, &q->pid, sizeof q->pid);
    return hg_seen_before(set, h);
}

static void record(struct hg_gate *g, const struct hg_inquiry *q, const struct hg_decision *d,
                   const struct hg_origin *origin)
{
    /* One import shows the same bytes to several layers: source, code and compile are one family. */
    static const uint8_t family[] = {0, 1, 1, 2, 3, 1, 4, 5};
    g->counts.cached += q->cached;
    if (seen(&g->events, q, (uint64_t)family[q->facts.kind] << 8 | d->outcome, true)) {
        g->counts.suppressed++;
        return;
    }
    g->counts.outcomes[d->outcome]++;
    const struct hg_file_event event = {.question = &q->question,
                                        .origin = origin,
                                        .decision = d,
                                        .findings = &q->findings,
                                        .pid = q->pid,
                                        .sha256 = q->sha256_hex,
                                        .size = q->facts.size,
                                        .duration_us = hg_now_us() - q->began_us,
                                        .cached = q->cached};
    report_result(g, hg_report_file(g->options.report, &event));
}

/* Fill text and flags of the reply. */
static void compose(struct hg_gate *g, const struct hg_inquiry *q, const struct hg_decision *d,
                    const struct hg_origin *origin, struct hg_reply *reply, char *text)
{
    bool in_file = q->facts.kind != HG_REQ_COMPILE && q->facts.kind != HG_REQ_DYNAMIC;
    bool quiet = d->outcome == HG_OUT_ALLOW || d->outcome == HG_OUT_APPROVED;
    const char *path = q->question.resolved[0] != '\0' ? q->question.resolved : q->question.path;
    const struct hg_message m = {origin, in_file ? path : "", q->sha256_hex, d, &q->findings, g->approve};
    size_t n = 0;
    text[0] = '\0';
    if (d->outcome == HG_OUT_BLOCK)
        n = hg_message_block(&m, text, HG_WIRE_TEXT_MAX);
    if (g->options.policy->banner && !quiet && !seen(&g->banners, q, 0, false)) {
        reply->flags |= HG_REPLY_BANNER;
        if (d->outcome != HG_OUT_BLOCK)
            n = hg_message_warning(&m, text, HG_WIRE_TEXT_MAX);
    }
    if (d->outcome != HG_OUT_BLOCK && g->notice[0] != '\0') {
        reply->flags |= HG_REPLY_BANNER;
        n += (size_t)snprintf(text + n, HG_WIRE_TEXT_MAX - n, "%s", g->notice);
        g->notice[0] = '\0';
    }
    reply->text_len = (uint32_t)(n < HG_WIRE_TEXT_MAX ? n : HG_WIRE_TEXT_MAX - 1);
}

static void conclude(struct hg_inquiry *q, const struct hg_decision *d)
{
    struct hg_gate *g = q->gate;
    struct hg_origin origin;
    struct hg_reply reply;
    char text[HG_WIRE_TEXT_MAX];
    const char *resolved = q->question.resolved;
    hg_origin_of(q->question.path, resolved[0] != '\0' ? resolved : NULL, q->question.root, &origin);
    record(g, q, d, &origin);
    new_reply(g, hg_outcome_allows(d->outcome) ? HG_VERDICT_ALLOW : HG_VERDICT_BLOCK, &reply);
    compose(g, q, d, &origin, &reply, text);
    hg_inquiry_finish(q, &reply, text, NULL, 0);
}

/* --- the bytes
 * --------------------------------------------------------------------------------------------------- */

/* What the hub tells about a file beside its bytes. */
static void add_hub_findings(struct hg_inquiry *q, const void *bytes, size_t size)
{
    const struct hg_request *head = &q->question.head;
    struct hg_origin origin;
    if (head->kind != HG_REQ_SOURCE || (head->layer != HG_LAYER_LIBC && head->layer != HG_LAYER_OPEN_CODE))
        return;
    hg_origin_of(q->question.path, q->question.resolved, q->question.root, &origin);
    if (hg_origin_blob_matches(q->question.resolved, bytes, size) == 0)
        add_finding(q, HG_RULE_BLOB,
                    "the cached file is not the one that the hub served: its bytes do not match its name",
                    HG_SEV_HIGH, 345);
    if (strcmp(origin.platform, "huggingface") == 0 && origin.repository[0] != '\0' && !origin.pinned)
        add_finding(q, HG_RULE_UNPINNED,
                    "the revision is not pinned to a commit: the repository can change what runs", HG_SEV_LOW,
                    494);
}

/* Size, seals, digest, kind. 0, or -EBADMSG when the descriptor is not what the protocol asks for. */
static int take_bytes(struct hg_gate *g, struct hg_inquiry *q)
{
    static const char hex[] = "0123456789abcdef";
    struct stat st;
    int seals = fcntl(q->fd, F_GET_SEALS);
    if (seals < 0 || (seals & SEALS) != SEALS || fstat(q->fd, &st) != 0 || st.st_size < 0 ||
        (uint64_t)st.st_size != q->question.head.size)
        return -EBADMSG;
    q->facts.size = (uint64_t)st.st_size;
    if (q->facts.size > g->options.policy->max_size)
        return 0;
    size_t size = (size_t)st.st_size;
    void *map = size == 0 ? NULL : mmap(NULL, size, PROT_READ, MAP_SHARED, q->fd, 0);
    if (map == MAP_FAILED)
        return -errno;
    const uint8_t *bytes = map == NULL ? (const uint8_t *)"" : map;
    int rc = EVP_Digest(bytes, size, q->sha256, NULL, EVP_sha256(), NULL) == 1 ? 0 : -EIO;
    for (size_t i = 0; i < 32; i++) {
        q->sha256_hex[2 * i] = hex[q->sha256[i] >> 4];
        q->sha256_hex[2 * i + 1] = hex[q->sha256[i] & 15];
    }
    q->sha256_hex[64] = '\0';
    q->facts.scan_kind = hg_scan_kind_of(q->question.head.kind, q->question.head.flags, bytes, size);
    add_hub_findings(q, bytes, size);
    if (map != NULL)
        munmap(map, size);
    return rc;
}

static bool unwatched(const struct hg_gate *g, const struct hg_question *q)
{
    const char *resolved = q->resolved[0] != '\0' ? q->resolved : q->path;
    if (g->exclude != NULL && hg_roots_match(g->exclude, q->path) != NULL &&
        hg_roots_match(g->exclude, resolved) != NULL)
        return true;
    if (g->options.policy->roots_auto)
        return false;
    return g->extra == NULL ||
           (hg_roots_match(g->extra, q->path) == NULL && hg_roots_match(g->extra, resolved) == NULL &&
            hg_roots_match(g->extra, q->root) ==
                NULL); /* a link from elsewhere: the shim saw where it leads */
}

/* --- scans
 * -------------------------------------------------------------------------------------------------------- */

static void settle(struct hg_inquiry *q, enum hg_scan_state state, int detail)
{
    struct hg_decision decision;
    q->facts.scan = state;
    q->facts.scan_detail = detail;
    q->facts.findings = &q->findings;
    (void)hg_decide(&q->facts, q->gate->options.policy, &decision);
    conclude(q, &decision);
}

/* Add findings in their encoded form to those that the inquiry has. */
static int add_encoded(struct hg_inquiry *q, const uint8_t *encoded, size_t size)
{
    struct hg_findings found = {0};
    int rc = hg_codec_decode(encoded, size, &found);
    for (size_t i = 0; rc == 0 && i < found.count; i++)
        rc = hg_findings_add(&q->findings, &found.items[i]);
    q->findings.dropped += found.dropped;
    hg_findings_clear(&found);
    hg_findings_sort(&q->findings);
    return rc;
}

static void scanned(struct hg_job *job, const struct hg_scan_result *result)
{
    struct waiting *w = job->owner;
    struct hg_inquiry *q = w->first, *next;
    struct hg_gate *g = q->gate;
    for (struct waiting **at = &g->waiting; *at != NULL; at = &(*at)->next) {
        if (*at == w) {
            *at = w->next;
            break;
        }
    }
    g->counts.scanned++;
    uint8_t sha256[32];
    uint32_t kind = (uint32_t)q->facts.scan_kind;
    memcpy(sha256, q->sha256, sizeof sha256);
    for (; q != NULL; q = next) {
        next = q->next;
        int rc = result->state == HG_SCAN_DONE ? add_encoded(q, result->encoded, result->encoded_size) : 0;
        settle(q, rc != 0 ? HG_SCAN_FAILED : result->state, rc != 0 ? -rc : result->detail);
    }
    /* After the answers: nobody waits for the disk. */
    if (result->state == HG_SCAN_DONE) {
        struct hg_error err;
        if (hg_lookup_store(g->lookup, sha256, kind, result->encoded, result->encoded_size, &err) != 0)
            warn(g, "cache", err.text);
    }
    free(w);
}

static void scan(struct hg_gate *g, struct hg_inquiry *q)
{
    for (struct waiting *w = g->waiting; w != NULL; w = w->next) {
        if (w->first->facts.scan_kind == q->facts.scan_kind && memcmp(w->first->sha256, q->sha256, 32) == 0) {
            q->next = w->first->next;
            w->first->next = q;
            return;
        }
    }
    struct waiting *w = calloc(1, sizeof *w);
    if (w == NULL) {
        settle(q, HG_SCAN_FAILED, ENOMEM);
        return;
    }
    w->job = (struct hg_job){.fd = q->fd,
                             .size = q->facts.size,
                             .kind = q->facts.scan_kind,
                             .name = q->question.path,
                             .done = scanned,
                             .owner = w};
    w->first = q;
    w->next = g->waiting;
    g->waiting = w;
    hg_pool_submit(g->pool, &w->job);
}

static void find_or_scan(struct hg_gate *g, struct hg_inquiry *q)
{
    struct hg_error err;
    uint8_t *encoded = NULL;
    size_t size = 0;
    int rc = hg_lookup_find(g->lookup, q->sha256, (uint32_t)q->facts.scan_kind, &encoded, &size, &err);
    if (rc < 0)
        warn(g, "cache", err.text);
    if (rc == 1 && add_encoded(q, encoded, size) == 0) {
        free(encoded);
        q->cached = true;
        settle(q, HG_SCAN_DONE, 0);
        return;
    }
    free(encoded);
    scan(g, q);
}

void hg_gate_ask(struct hg_gate *g, struct hg_inquiry *q)
{
    const struct hg_request *head = &q->question.head;
    struct hg_reply reply;
    const char *text;
    q->gate = g;
    q->facts = (struct hg_facts){.kind = head->kind,
                                 .trouble = head->trouble,
                                 .error = head->error,
                                 .size = head->size,
                                 .scan_kind = HG_KIND_SOURCE,
                                 .findings = &q->findings};
    if (head->kind == HG_REQ_HELLO) {
        new_reply(g, HG_VERDICT_ALLOW, &reply);
        hg_inquiry_finish(q, &reply, "", NULL, 0);
        return;
    }
    int rc = q->fd >= 0 ? take_bytes(g, q) : 0;
    if (rc != 0) {
        hg_gate_malformed(g, q->pid, rc, &reply, &text);
        hg_inquiry_finish(q, &reply, text, NULL, 0);
        return;
    }
    q->facts.unwatched = unwatched(g, &q->question);
    q->facts.approved = q->sha256_hex[0] != '\0' && hg_lock_find(g->options.lock, q->sha256_hex) != NULL;
    if (q->facts.scan_kind == HG_KIND_NATIVE && !g->options.policy->native_allow)
        add_finding(q, HG_RULE_NATIVE,
                    "compiled extension: machine code runs when it is loaded and cannot be read by rules",
                    HG_SEV_HIGH, 829);
    struct hg_decision decision;
    if (hg_decide(&q->facts, g->options.policy, &decision))
        conclude(q, &decision);
    else
        find_or_scan(g, q);
}

void hg_gate_malformed(struct hg_gate *g, pid_t pid, int code, struct hg_reply *reply, const char **text)
{
    static const char other_build[] = "hubguard: blocked\n  libhubguard.so and hubguard are of different "
                                      "versions; install both from one build\n";
    static const char malformed[] = "hubguard: blocked\n  the guard got a malformed request\n";
    *text = code == -EPROTO ? other_build : malformed;
    new_reply(g, HG_VERDICT_BLOCK, reply);
    reply->text_len = (uint32_t)strlen(*text);
    if (g->counts.malformed++ == 0) {
        char line[120];
        (void)snprintf(line, sizeof line, "process %ld sent a %s request; it was refused", (long)pid,
                       code == -EPROTO ? "different version's" : "malformed");
        (void)hg_report_warning(g->options.report, "protocol", line);
    }
}

/* --- life
 * ----------------------------------------------------------------------------------------------------------
 */

static int words_to_roots(const struct hg_words *words, struct hg_roots **out, struct hg_error *err)
{
    if (words->count == 0)
        return 0;
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return hg_error_set(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < words->count; i++) {
        int rc = hg_roots_add(*out, words->items[i], HG_LOADER_EXTRA);
        if (rc != 0)
            return hg_error_set(err, rc, "[roots] %s: %s", words->items[i], strerror(-rc));
    }
    return 0;
}

static void describe(const struct hg_gate *g, struct hg_about *about)
{
    const struct hg_gate_options *o = &g->options;
    *about = (struct hg_about){.started_by = o->started_by,
                               .command = o->command,
                               .policy_source = o->policy->source,
                               .lock_file = o->policy->lock_file,
                               .approvals = hg_lock_count(o->lock),
                               .ruleset = o->ruleset,
                               .mode = o->policy->mode,
                               .cache = hg_lookup_state(g->lookup),
                               .cage = o->cage};
}

static void release(struct hg_gate *g)
{
    hg_lookup_close(g->lookup);
    free(g->extra);
    free(g->exclude);
    free(g);
}

int hg_gate_open(const struct hg_gate_options *options, struct hg_gate **out, struct hg_error *err)
{
    struct hg_gate *g = calloc(1, sizeof *g);
    if (g == NULL)
        return hg_error_set(err, -ENOMEM, "out of memory");
    g->options = *options;
    (void)hg_library_approve(options->cwd, options->policy->lock_file, g->approve, sizeof g->approve);
    if (getentropy(&g->events.seed, sizeof g->events.seed) != 0 ||
        getentropy(&g->banners.seed, sizeof g->banners.seed) != 0) {
        free(g);
        return hg_error_set(err, -errno, "no random numbers: %s", strerror(errno));
    }
    int rc = words_to_roots(&options->policy->roots_extra, &g->extra, err);
    if (rc == 0)
        rc = words_to_roots(&options->policy->roots_exclude, &g->exclude, err);
    if (rc == 0)
        rc = hg_lookup_open(options->ruleset, options->cwd, options->roots, options->policy, &g->lookup, err);
    if (rc == 0)
        rc = hg_pool_start(options->loop, &options->pool, &g->pool, err);
    if (rc != 0) {
        release(g);
        return rc;
    }
    struct hg_about about;
    describe(g, &about);
    report_result(g, hg_report_start(options->report, &about));
    *out = g;
    return 0;
}

void hg_gate_close(struct hg_gate *g)
{
    if (g == NULL)
        return;
    hg_pool_stop(g->pool);
    struct hg_about about;
    describe(g, &about);
    (void)hg_report_summary(g->options.report, &about, &g->counts);
    release(g);
}

const struct hg_counts *hg_gate_counts(const struct hg_gate *g)
{
    return &g->counts;
}
