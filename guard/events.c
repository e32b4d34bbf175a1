/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/events.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "guard/text.h"

struct hg_report {
    int fd;      /* -1: nobody wants events */
    bool torn;   /* the last line was cut by a full disk: begin a new one */
    bool failed; /* said so already */
    uint64_t lost;
};

int hg_report_open(const char *path, struct hg_report **out, struct hg_error *err)
{
    int fd = -1;
    if (path != NULL) {
        /* O_NONBLOCK: a FIFO without a reader is an error here and not a guard that hangs. */
        fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
        if (fd < 0) {
            int code = -errno;
            return hg_error_set(err, code, "%s: the report cannot be written: %s", path, strerror(-code));
        }
    }
    struct hg_report *r = calloc(1, sizeof *r);
    if (r == NULL) {
        if (fd >= 0)
            close(fd);
        return hg_error_set(err, -ENOMEM, "out of memory");
    }
    r->fd = fd;
    *out = r;
    return 0;
}

void hg_report_close(struct hg_report *r)
{
    if (r == NULL)
        return;
    if (r->fd >= 0)
        close(r->fd);
    free(r);
}

uint64_t hg_report_lost(const struct hg_report *r)
{
    return r->lost;
}

/* --- JSON
 * ---------------------------------------------------------------------------------------------------- */

static void add_text(cJSON *object, const char *key, const char *text)
{
    if (text == NULL) {
        cJSON_AddNullToObject(object, key);
        return;
    }
    size_t size = strlen(text), room = 4 * size + 1;
    char *valid = malloc(room); /* cJSON copies bytes as they are; JSON must be UTF-8 */
    if (valid == NULL)
        return;
    (void)hg_text_escape(text, size, false, valid, room);
    cJSON_AddStringToObject(object, key, valid);
    free(valid);
}

static void add_number(cJSON *object, const char *key, uint64_t value)
{
    cJSON_AddNumberToObject(object, key, (double)value);
}

static cJSON *new_event(const char *type)
{
    struct timespec now;
    struct tm utc;
    char stamp[64], whole[96];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    (void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(whole, sizeof whole, "%s.%03ldZ", stamp, now.tv_nsec / 1000000);
    cJSON *e = cJSON_CreateObject();
    cJSON_AddNumberToObject(e, "version", HG_EVENTS_VERSION);
    cJSON_AddStringToObject(e, "type", type);
    cJSON_AddStringToObject(e, "time", whole);
    return e;
}

static int write_line(struct hg_report *r, const char *json)
{
    size_t size = strlen(json);
    char *line = malloc(size + 3);
    if (line == NULL)
        return -ENOMEM;
    size_t at = 0;
    if (r->torn)
        line[at++] = '\n';
    memcpy(line + at, json, size + 1);
    line[at + size] = '\n';
    at += size + 1;
    ssize_t n;
    do {
        n = write(r->fd, line, at);
    } while (n < 0 && errno == EINTR);
    int rc = n < 0 ? -errno : (size_t)n != at ? -ENOSPC : 0;
    if (n > 0)
        r->torn = (size_t)n != at;
    free(line);
    return rc;
}

/* Print, write, free. */
static int emit(struct hg_report *r, cJSON *event)
{
    int rc = 0;
    if (r->fd >= 0) {
        char *json = cJSON_PrintUnformatted(event);
        rc = json == NULL ? -ENOMEM : write_line(r, json);
        cJSON_free(json);
    }
    cJSON_Delete(event);
    if (rc == 0)
        return 0;
    r->lost++;
    if (r->failed)
        return 0;
    r->failed = true;
    return rc;
}

static cJSON *finding_json(const struct hg_finding *f)
{
    cJSON *o = cJSON_CreateObject();
    cJSON *cwe = cJSON_CreateArray();
    add_text(o, "rule", f->rule);
    for (size_t i = 0; i < HG_CWE_MAX && f->cwe[i] != 0; i++)
        cJSON_AddItemToArray(cwe, cJSON_CreateNumber(f->cwe[i]));
    cJSON_AddItemToObject(o, "cwe", cwe);
    cJSON_AddStringToObject(o, "severity", hg_severity_name(f->severity));
    cJSON_AddStringToObject(o, "confidence", hg_confidence_name(f->confidence));
    cJSON_AddStringToObject(o, "reach", hg_reach_name(f->reach));
    add_number(o, "line", f->line);
    add_number(o, "column", f->column);
    add_text(o, "message", f->message);
    if (f->evidence != NULL)
        add_text(o, "evidence", f->evidence);
    if (f->layers != NULL)
        add_text(o, "layers", f->layers);
    return o;
}

static void add_findings(cJSON *event, const struct hg_findings *list)
{
    cJSON *array = cJSON_CreateArray();
    size_t shown = list->count < HG_EVENT_FINDINGS ? list->count : HG_EVENT_FINDINGS;
    for (size_t i = 0; i < shown; i++)
        cJSON_AddItemToArray(array, finding_json(&list->items[i]));
    cJSON_AddItemToObject(event, "findings", array);
    add_number(event, "findings_dropped", list->count - shown + list->dropped);
}

/* --- events
 * ------------------------------------------------------------------------------------------------------ */

static void add_about(cJSON *e, const struct hg_about *about)
{
    add_text(e, "hubguard", HG_VERSION);
    add_text(e, "started_by", about->started_by);
    add_number(e, "guard_pid", (uint64_t)getpid());
    cJSON_AddStringToObject(e, "mode", about->mode == HG_MODE_OBSERVE ? "observe" : "enforce");
    add_text(e, "policy", about->policy_source == NULL ? "built-in default" : about->policy_source);
    add_text(e, "lock", about->lock_file);
    add_number(e, "approvals", about->approvals);
    add_text(e, "ruleset", about->ruleset);
    add_text(e, "cache", about->cache);
}

int hg_report_start(struct hg_report *r, const struct hg_about *about)
{
    cJSON *e = new_event("start");
    add_about(e, about);
    if (about->command != NULL) {
        cJSON *command = cJSON_CreateObject(); /* only a holder, so that add_text() can clean the words */
        cJSON *words = cJSON_CreateArray();
        for (size_t i = 0; about->command[i] != NULL; i++) {
            add_text(command, "w", about->command[i]);
            cJSON_AddItemToArray(words, cJSON_DetachItemFromObject(command, "w"));
        }
        cJSON_AddItemToObject(e, "command", words);
        cJSON_Delete(command);
    }
    return emit(r, e);
}

int hg_report_file(struct hg_report *r, const struct hg_file_event *v)
{
    static const char *const kinds[] = {"hello",  "source",  "code",    "bytecode",
                                        "native", "compile", "dynamic", "ungated"};
    static const char *const layers[] = {"none", "libc", "open-code", "audit", "dlopen"};
    const struct hg_request *q = &v->question->head;
    cJSON *e = new_event("file");
    add_number(e, "pid", (uint64_t)v->pid);
    add_number(e, "tid", (uint64_t)(q->tid < 0 ? 0 : q->tid));
    cJSON_AddStringToObject(e, "layer", layers[q->layer]);
    cJSON_AddStringToObject(e, "kind", kinds[q->kind]);
    add_text(e, "platform", v->origin->platform);
    add_text(e, "repository", v->origin->repository);
    add_text(e, "revision", v->origin->revision);
    cJSON_AddBoolToObject(e, "pinned", v->origin->pinned);
    add_text(e, "path", v->question->path);
    add_text(e, "resolved", v->question->resolved);
    if (q->kind == HG_REQ_DYNAMIC) {
        add_text(e, "frame", v->question->frame);
        add_number(e, "frame_line", q->line);
    }
    add_text(e, "sha256", v->sha256[0] == '\0' ? NULL : v->sha256);
    add_number(e, "size", v->size);
    cJSON_AddStringToObject(e, "verdict", hg_outcome_name(v->decision->outcome));
    add_text(e, "reason", v->decision->reason);
    add_findings(e, v->findings);
    cJSON_AddBoolToObject(e, "cached", v->cached);
    add_number(e, "duration_us", v->duration_us);
    return emit(r, e);
}

int hg_report_warning(struct hg_report *r, const char *topic, const char *text)
{
    cJSON *e = new_event("warning");
    cJSON_AddStringToObject(e, "topic", topic);
    add_text(e, "text", text);
    return emit(r, e);
}

int hg_report_act(struct hg_report *r, const struct hg_act_event *v)
{
    static const char *const verdicts[] = {"allow", "refuse", "would-refuse"};
    const struct hg_origin *o = v->origin;
    cJSON *e = new_event("act");
    add_number(e, "pid", (uint64_t)v->pid);
    add_number(e, "tid", (uint64_t)v->tid);
    cJSON_AddStringToObject(e, "layer", v->hook ? "hook" : "kernel");
    cJSON_AddStringToObject(e, "act", v->act);
    add_text(e, "call", v->call);
    add_text(e, "object", v->object == NULL ? "" : v->object);
    cJSON_AddStringToObject(e, "verdict", verdicts[v->verdict]);
    add_text(e, "reason", v->reason == NULL ? "" : v->reason);
    add_text(e, "platform", o == NULL ? "" : o->platform);
    add_text(e, "repository", o == NULL ? "" : o->repository);
    add_text(e, "revision", o == NULL ? "" : o->revision);
    add_text(e, "file", o == NULL ? "" : o->file);
    add_number(e, "line", v->line);
    return emit(r, e);
}

int hg_report_cage(struct hg_report *r, const struct hg_cage_event *v)
{
    cJSON *e = new_event("cage");
    add_number(e, "pid", (uint64_t)v->pid);
    cJSON_AddStringToObject(e, "verdict", !v->closed ? "failed" : v->observe ? "observing" : "closed");
    add_text(e, "path", v->path == NULL ? "" : v->path);
    cJSON *sizes = cJSON_AddArrayToObject(e, "seccomp");
    for (size_t i = 0; v->closed && i < sizeof v->instructions / sizeof v->instructions[0]; i++)
        cJSON_AddItemToArray(sizes, cJSON_CreateNumber(v->instructions[i]));
    add_number(e, "landlock_abi", (uint64_t)v->landlock_abi);
    add_text(e, "reason", v->reason == NULL ? "" : v->reason);
    return emit(r, e);
}

/* --- what was in force
 * --------------------------------------------------------------------------------------------------- */

static void add_in_force(cJSON *list, const char *text)
{
    cJSON_AddItemToArray(list, cJSON_CreateString(text));
}

static void add_not_in_force(cJSON *list, const char *what, const char *why)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "what", what);
    add_text(o, "why", why);
    cJSON_AddItemToArray(list, o);
}

/* Why there was no cage, or NULL when there was one. */
static const char *no_cage(const struct hg_about *about)
{
    const struct hg_cage_facts *c = about->cage;
    if (c == NULL)
        return "no process was to be caged";
    if (c->failed != 0)
        return c->why;
    if (c->closed == 0)
        return "no remote code ran";
    return about->mode == HG_MODE_OBSERVE ? "mode = observe: acts were reported and let through" : NULL;
}

/* A report claims nothing but what really happened. */
static void add_protection(cJSON *e, const struct hg_about *about)
{
    static const char *const parts[] = {"seccomp cage", "landlock", "network broker"};
    const struct hg_cage_facts *c = about->cage;
    char text[64];
    cJSON *in = cJSON_AddArrayToObject(e, "in_force");
    cJSON *out = cJSON_AddArrayToObject(e, "not_in_force");
    const char *why = no_cage(about);
    if (about->mode != HG_MODE_OBSERVE)
        add_in_force(in, "gate (libc hooks, open-code hook, audit hook)");
    else
        add_not_in_force(out, "gate", "mode = observe: files were scanned and let through");
    add_in_force(in, "scan worker seccomp");
    if (c != NULL && c->closed != 0 && about->mode != HG_MODE_OBSERVE) {
        (void)snprintf(text, sizeof text, "seccomp cage (%llu process%s)", (unsigned long long)c->closed,
                       c->closed == 1 ? "" : "es");
        add_in_force(in, text);
        if (c->landlock) {
            (void)snprintf(text, sizeof text, "landlock abi %d", c->landlock_abi);
            add_in_force(in, text);
        }
        add_in_force(in, "network broker");
    }
    for (size_t i = 0; why != NULL && i < sizeof parts / sizeof parts[0]; i++)
        add_not_in_force(out, parts[i], why);
}

int hg_report_summary(struct hg_report *r, const struct hg_about *about, const struct hg_counts *counts)
{
    cJSON *e = new_event("summary");
    add_about(e, about);
    add_protection(e, about);
    cJSON *c = cJSON_AddObjectToObject(e, "counts");
    for (size_t i = 0; i <= HG_OUT_WOULD_BLOCK; i++)
        add_number(c, hg_outcome_name((enum hg_outcome)i), counts->outcomes[i]);
    add_number(c, "scanned", counts->scanned);
    add_number(c, "cached", counts->cached);
    add_number(c, "malformed_requests", counts->malformed);
    add_number(c, "duplicates_suppressed", counts->suppressed);
    add_number(c, "cages_closed", about->cage == NULL ? 0 : about->cage->closed);
    add_number(c, "cages_failed", about->cage == NULL ? 0 : about->cage->failed);
    add_number(c, "acts_refused", about->cage == NULL ? 0 : about->cage->acts_refused);
    add_number(c, "acts_would_refuse", about->cage == NULL ? 0 : about->cage->acts_would_refuse);
    add_number(c, "acts_suppressed", about->cage == NULL ? 0 : about->cage->acts_suppressed);
    add_number(c, "events_lost", r->lost);
    return emit(r, e);
}
