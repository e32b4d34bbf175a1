/* SPDX-License-Identifier: Apache-2.0 */
/* The report: each event is one line of valid JSON with the members that docs/events.md names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/events.h"

struct fixture {
    char dir[64], path[80];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (f == NULL)
        return -1;
    (void)snprintf(f->dir, sizeof f->dir, "/tmp/hubguard-events-XXXXXX");
    if (mkdtemp(f->dir) == NULL)
        return -1;
    (void)snprintf(f->path, sizeof f->path, "%s/r.jsonl", f->dir);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    (void)unlink(f->path);
    (void)rmdir(f->dir);
    free(f);
    return 0;
}

/* Line `index` of the report, parsed; NULL when there is none or it is no JSON. */
static cJSON *line_of(const struct fixture *f, size_t index)
{
    static char line[1 << 20];
    FILE *in = fopen(f->path, "re");
    cJSON *json = NULL;
    assert_non_null(in);
    for (size_t i = 0; fgets(line, sizeof line, in) != NULL; i++)
        if (i == index)
            json = cJSON_ParseWithOpts(line, NULL, 0);
    (void)fclose(in);
    return json;
}

static const char *text(const cJSON *o, const char *key)
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
    return value == NULL ? "(none)" : value;
}

static double number(const cJSON *o, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
    assert_true(cJSON_IsNumber(item));
    return item->valuedouble;
}

static const struct hg_about about = {.started_by = "run",
                                      .lock_file = "/w/hubguard.lock",
                                      .approvals = 2,
                                      .ruleset = "abcd",
                                      .cache = "not used yet"};

static void start_and_summary(void **state)
{
    struct fixture *f = *state;
    struct hg_report *r;
    struct hg_error err;
    char word[] = "caf\xff\n";
    char *const command[] = {word, NULL};
    struct hg_about with_command = about, observing = about;
    with_command.command = command;
    observing.mode = HG_MODE_OBSERVE;
    const struct hg_counts counts = {.outcomes = {5, 4, 3, 2, 1}, .scanned = 6, .suppressed = 7};
    assert_int_equal(hg_report_open(f->path, &r, &err), 0);
    assert_int_equal(hg_report_start(r, &with_command), 0);
    assert_int_equal(hg_report_summary(r, &about, &counts), 0);
    assert_int_equal(hg_report_summary(r, &observing, &counts), 0);
    hg_report_close(r);

    cJSON *e = line_of(f, 0);
    assert_string_equal(text(e, "type"), "start");
    assert_int_equal((int)number(e, "version"), 1);
    assert_int_equal(strlen(text(e, "time")), 24);
    assert_string_equal(text(e, "policy"), "built-in default");
    assert_string_equal(text(e, "mode"), "enforce");
    assert_int_equal((int)number(e, "approvals"), 2);
    assert_string_equal(cJSON_GetArrayItem(cJSON_GetObjectItem(e, "command"), 0)->valuestring, "caf\\xff\n");
    cJSON_Delete(e);

    e = line_of(f, 1);
    assert_string_equal(text(e, "type"), "summary");
    const cJSON *c = cJSON_GetObjectItem(e, "counts");
    assert_int_equal((int)number(c, "allow"), 5);
    assert_int_equal((int)number(c, "block"), 3);
    assert_int_equal((int)number(c, "would-block"), 1);
    assert_int_equal((int)number(c, "duplicates_suppressed"), 7);
    const cJSON *in = cJSON_GetObjectItem(e, "in_force"), *out = cJSON_GetObjectItem(e, "not_in_force");
    assert_int_equal(cJSON_GetArraySize(in), 2);
    assert_string_equal(cJSON_GetArrayItem(in, 0)->valuestring,
                        "gate (libc hooks, open-code hook, audit hook)");
    assert_int_equal(cJSON_GetArraySize(out), 3);
    assert_string_equal(text(cJSON_GetArrayItem(out, 0), "what"), "seccomp cage");
    assert_string_equal(text(cJSON_GetArrayItem(out, 0), "why"), "no process was to be caged");
    assert_int_equal((int)number(c, "acts_refused"), 0);
    cJSON_Delete(e);

    e = line_of(f, 2); /* a gate that blocks nothing is no protection */
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(e, "in_force")), 1);
    assert_string_equal(text(cJSON_GetArrayItem(cJSON_GetObjectItem(e, "not_in_force"), 0), "what"), "gate");
    cJSON_Delete(e);
}

/* What a summary claims for each way that a run can go. */
static const struct {
    struct hg_cage_facts facts;
    enum hg_mode mode;
    const char *in[5], *out[5], *why;
} protections[] = {
    {{0},
     HG_MODE_ENFORCE,
     {"gate", "scan"},
     {"seccomp cage", "landlock", "network broker"},
     "no remote code ran"},
    {{.closed = 1, .landlock = true, .landlock_abi = 7},
     HG_MODE_ENFORCE,
     {"gate", "scan", "seccomp cage (1 process)", "landlock abi 7", "network broker"},
     {NULL},
     ""},
    {{.closed = 2, .failed = 1, .landlock = false, .why = "no Landlock"},
     HG_MODE_ENFORCE,
     {"gate", "scan", "seccomp cage (2 processes)", "network broker"},
     {"seccomp cage", "landlock", "network broker"},
     "no Landlock"},
    {{.closed = 1},
     HG_MODE_OBSERVE,
     {"scan"},
     {"gate", "seccomp cage", "landlock", "network broker"},
     "mode = observe: "},
};

static void protection(void **state)
{
    struct fixture *f = *state;
    struct hg_report *r;
    struct hg_error err;
    const struct hg_counts counts = {0};
    const size_t cases = sizeof protections / sizeof protections[0];
    assert_int_equal(hg_report_open(f->path, &r, &err), 0);
    for (size_t i = 0; i < cases; i++) {
        struct hg_about with_cage = about;
        with_cage.cage = &protections[i].facts;
        with_cage.mode = protections[i].mode;
        assert_int_equal(hg_report_summary(r, &with_cage, &counts), 0);
    }
    hg_report_close(r);
    for (size_t i = 0; i < cases; i++) {
        cJSON *e = line_of(f, i);
        const cJSON *in = cJSON_GetObjectItem(e, "in_force"), *out = cJSON_GetObjectItem(e, "not_in_force");
        size_t n = 0;
        for (; n < 5 && protections[i].in[n] != NULL; n++)
            assert_non_null(strstr(cJSON_GetArrayItem(in, (int)n)->valuestring, protections[i].in[n]));
        assert_int_equal(cJSON_GetArraySize(in), n);
        for (n = 0; n < 5 && protections[i].out[n] != NULL; n++) {
            const cJSON *item = cJSON_GetArrayItem(out, (int)n);
            assert_string_equal(text(item, "what"), protections[i].out[n]);
            assert_int_equal(strncmp(text(item, "why"), protections[i].why, strlen(protections[i].why)), 0);
        }
        assert_int_equal(cJSON_GetArraySize(out), n);
        assert_int_equal((int)number(cJSON_GetObjectItem(e, "counts"), "cages_closed"),
                         (int)protections[i].facts.closed);
        cJSON_Delete(e);
    }
}

static void act_and_cage_events(void **state)
{
    struct fixture *f = *state;
    struct hg_report *r;
    struct hg_error err;
    struct hg_origin origin = {
        .platform = "huggingface", .repository = "o/n", .revision = "abc", .file = "m.py"};
    const struct hg_act_event refused = {.pid = 5,
                                         .tid = 6,
                                         .hook = true,
                                         .act = "exec",
                                         .object = "/bin/sh\xff",
                                         .verdict = HG_ACT_REFUSE,
                                         .reason = "exec.allow = python",
                                         .origin = &origin,
                                         .line = 42},
                              would = {.act = "syscall",
                                       .call = "ptrace",
                                       .object = "ptrace",
                                       .verdict = HG_ACT_WOULD_REFUSE};
    const struct hg_cage_event closed = {.pid = 5,
                                         .closed = true,
                                         .landlock_abi = 7,
                                         .instructions = {10, 400},
                                         .path = "/c/m.py"},
                               failed = {.pid = 5, .reason = "no Landlock"};
    assert_int_equal(hg_report_open(f->path, &r, &err), 0);
    assert_int_equal(hg_report_act(r, &refused), 0);
    assert_int_equal(hg_report_act(r, &would), 0);
    assert_int_equal(hg_report_cage(r, &closed), 0);
    assert_int_equal(hg_report_cage(r, &failed), 0);
    hg_report_close(r);
    static const struct {
        size_t line;
        const char *key, *value;
    } texts[] = {{0, "type", "act"},
                 {0, "layer", "hook"},
                 {0, "act", "exec"},
                 {0, "object", "/bin/sh\\xff"},
                 {0, "verdict", "refuse"},
                 {0, "reason", "exec.allow = python"},
                 {0, "repository", "o/n"},
                 {0, "file", "m.py"},
                 {1, "layer", "kernel"},
                 {1, "call", "ptrace"},
                 {1, "verdict", "would-refuse"},
                 {1, "repository", ""},
                 {2, "type", "cage"},
                 {2, "verdict", "closed"},
                 {2, "path", "/c/m.py"},
                 {3, "verdict", "failed"},
                 {3, "reason", "no Landlock"}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cJSON *e = line_of(f, texts[i].line);
        assert_string_equal(text(e, texts[i].key), texts[i].value);
        cJSON_Delete(e);
    }
    cJSON *e = line_of(f, 0);
    assert_int_equal((int)number(e, "line"), 42);
    assert_int_equal((int)number(e, "tid"), 6);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(e, "call")));
    cJSON_Delete(e);
    e = line_of(f, 2);
    assert_int_equal((int)number(e, "landlock_abi"), 7);
    assert_int_equal(cJSON_GetArrayItem(cJSON_GetObjectItem(e, "seccomp"), 1)->valueint, 400);
    cJSON_Delete(e);
}

static void file_event(void **state)
{
    struct fixture *f = *state;
    struct hg_report *r;
    struct hg_error err;
    struct hg_question q = {.head = {.kind = HG_REQ_DYNAMIC, .layer = HG_LAYER_AUDIT, .tid = 12, .line = 7},
                            .path = (char *)(uintptr_t) "/a\n\"b\xff",
                            .resolved = (char *)(uintptr_t) "",
                            .root = (char *)(uintptr_t) "/a",
                            .frame = (char *)(uintptr_t) "/a/f.py"};
    struct hg_origin origin = {.platform = "huggingface", .repository = "o/n", .revision = "main"};
    struct hg_findings list = {0};
    for (uint32_t i = 0; i < 30; i++) {
        const struct hg_finding one = {.rule = (char *)(uintptr_t) "T-1",
                                       .message = (char *)(uintptr_t) "m",
                                       .cwe = {78, 94},
                                       .severity = HG_SEV_HIGH,
                                       .reach = HG_REACH_CALL,
                                       .line = i + 1};
        assert_int_equal(hg_findings_add(&list, &one), 0);
    }
    const struct hg_decision d = {HG_OUT_BLOCK, &list.items[0], "because"};
    const struct hg_file_event event = {.question = &q,
                                        .origin = &origin,
                                        .decision = &d,
                                        .findings = &list,
                                        .pid = 11,
                                        .sha256 = "",
                                        .size = 5,
                                        .duration_us = 9,
                                        .cached = true};
    assert_int_equal(hg_report_open(f->path, &r, &err), 0);
    assert_int_equal(hg_report_file(r, &event), 0);
    assert_int_equal(hg_report_warning(r, "cache", "off"), 0);
    hg_report_close(r);
    cJSON *e = line_of(f, 0);
    static const struct {
        const char *key, *value;
    } texts[] = {
        {"type", "file"},     {"layer", "audit"},          {"kind", "dynamic"},  {"repository", "o/n"},
        {"revision", "main"}, {"path", "/a\n\"b\\xff"},    {"resolved", ""},     {"frame", "/a/f.py"},
        {"verdict", "block"}, {"platform", "huggingface"}, {"reason", "because"}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_string_equal(text(e, texts[i].key), texts[i].value);
    assert_int_equal((int)number(e, "pid"), 11);
    assert_int_equal((int)number(e, "tid"), 12);
    assert_int_equal((int)number(e, "frame_line"), 7);
    assert_int_equal((int)number(e, "size"), 5);
    assert_int_equal((int)number(e, "duration_us"), 9);
    assert_int_equal((int)number(e, "findings_dropped"), 10);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(e, "sha256")));
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(e, "pinned")));
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(e, "cached")));
    const cJSON *findings = cJSON_GetObjectItem(e, "findings"), *first = cJSON_GetArrayItem(findings, 0);
    assert_int_equal(cJSON_GetArraySize(findings), HG_EVENT_FINDINGS);
    assert_string_equal(text(first, "severity"), "high");
    assert_string_equal(text(first, "reach"), "call");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(first, "cwe")), 2);
    assert_null(cJSON_GetObjectItem(first, "evidence"));
    cJSON_Delete(e);
    e = line_of(f, 1);
    assert_string_equal(text(e, "topic"), "cache");
    cJSON_Delete(e);
    hg_findings_clear(&list);
}

static void cannot_be_opened(void **state)
{
    struct fixture *f = *state;
    struct hg_report *r;
    struct hg_error err;
    assert_int_equal(hg_report_open(f->dir, &r, &err), -EISDIR);
    assert_non_null(strstr(err.text, f->dir));
    assert_int_equal(hg_report_open("/nonexistent/r.jsonl", &r, &err), -ENOENT);
    assert_int_equal(mkfifo(f->path, 0600), 0);
    assert_int_equal(hg_report_open(f->path, &r, &err), -ENXIO); /* and does not wait for a reader */
}

static void nobody_listens(void **state)
{
    (void)state;
    struct hg_report *r;
    struct hg_error err;
    assert_int_equal(hg_report_open(NULL, &r, &err), 0);
    assert_int_equal(hg_report_warning(r, "cache", "off"), 0);
    assert_int_equal(hg_report_lost(r), 0);
    hg_report_close(r);
}

/* A disk that is full: told once, counted, and a line that was cut does not spoil the next. */
static void full_disk(void **state)
{
    struct fixture *f = *state;
    struct hg_report *r;
    struct hg_error err;
    struct rlimit old, tight;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(hg_report_open(f->path, &r, &err), 0);
    assert_int_equal(hg_report_warning(r, "cache", "first"), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tight = old;
    tight.rlim_cur = 120; /* the first line has some 90 bytes: the second is cut */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    assert_int_equal(hg_report_warning(r, "cache", "second, cut by the full disk"), -ENOSPC);
    assert_int_equal(hg_report_warning(r, "cache", "third"), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(hg_report_lost(r), 2);
    assert_int_equal(hg_report_warning(r, "cache", "fourth"), 0);
    hg_report_close(r);
    cJSON *e = line_of(f, 2);
    assert_string_equal(text(e, "text"), "fourth");
    cJSON_Delete(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(start_and_summary, set_up, tear_down),
        cmocka_unit_test_setup_teardown(protection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(act_and_cage_events, set_up, tear_down),
        cmocka_unit_test_setup_teardown(file_event, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cannot_be_opened, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_listens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_disk, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
