/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict for every combination that matters, and the text that a user gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guard/decide.h"
#include "guard/message.h"
#include "guard/text.h"

static struct hg_finding finding(char *rule, enum hg_severity severity)
{
    return (struct hg_finding){.rule = rule,
                               .message = (char *)(uintptr_t) "says something",
                               .evidence = (char *)(uintptr_t) "os.system(\"id\")",
                               .cwe = {78},
                               .severity = severity,
                               .confidence = HG_CONF_HIGH,
                               .reach = HG_REACH_LOAD,
                               .line = 12};
}

struct decision_case {
    const char *name;
    struct hg_facts facts;
    enum hg_severity severity; /* of one finding; NONE: no finding */
    const char *rule;
    void (*change)(struct hg_policy *policy);
    enum hg_outcome outcome; /* 99: a scan is needed */
    const char *reason;      /* part of it */
};

#define NEEDS_SCAN 99

static void observe(struct hg_policy *p)
{
    p->mode = HG_MODE_OBSERVE;
}
static void require(struct hg_policy *p)
{
    p->lock_require = true;
}
static void on_error(struct hg_policy *p)
{
    p->on_error_allow = true;
}
static void native(struct hg_policy *p)
{
    p->native_allow = true;
}
static void bytecode(struct hg_policy *p)
{
    p->bytecode = HG_BYTECODE_ALLOW;
}
static void never(struct hg_policy *p)
{
    p->block_at = HG_SEV_NONE;
    p->warn_at = HG_SEV_NONE;
}
static void critical_only(struct hg_policy *p)
{
    p->block_at = HG_SEV_CRITICAL;
}
static void millis(struct hg_policy *p)
{
    p->timeout_ms = 250;
}

#define SRC  .kind = HG_REQ_SOURCE, .scan_kind = HG_KIND_SOURCE
#define DONE .scan = HG_SCAN_DONE

static const struct decision_case cases[] = {
    {"clean", {SRC, DONE}, 0, NULL, NULL, HG_OUT_ALLOW, ""},
    {"pending", {SRC}, 0, NULL, NULL, (enum hg_outcome)NEEDS_SCAN, ""},
    {"critical", {SRC, DONE}, HG_SEV_CRITICAL, "X-1", NULL, HG_OUT_BLOCK, "critical finding"},
    {"high is block_at", {SRC, DONE}, HG_SEV_HIGH, "X-1", NULL, HG_OUT_BLOCK, "high finding"},
    {"medium warns", {SRC, DONE}, HG_SEV_MEDIUM, "X-1", NULL, HG_OUT_WARN, "medium finding"},
    {"low passes", {SRC, DONE}, HG_SEV_LOW, "X-1", NULL, HG_OUT_ALLOW, ""},
    {"block_at critical", {SRC, DONE}, HG_SEV_HIGH, "X-1", critical_only, HG_OUT_WARN, "warn_at"},
    {"never", {SRC, DONE}, HG_SEV_CRITICAL, "X-1", never, HG_OUT_ALLOW, ""},
    {"observe", {SRC, DONE}, HG_SEV_CRITICAL, "X-1", observe, HG_OUT_WOULD_BLOCK, "critical finding"},
    {"approved beats findings",
     {SRC, DONE, .approved = true},
     HG_SEV_CRITICAL,
     "X-1",
     NULL,
     HG_OUT_APPROVED,
     "lock"},
    {"approved needs no scan", {SRC, .approved = true}, 0, NULL, require, HG_OUT_APPROVED, "lock"},
    {"approved bytecode",
     {.kind = HG_REQ_BYTECODE, .scan_kind = HG_KIND_BYTECODE, .approved = true},
     0,
     NULL,
     NULL,
     HG_OUT_APPROVED,
     "lock"},
    {"require", {SRC}, 0, NULL, require, HG_OUT_BLOCK, "require = yes"},
    {"require, not a file that passed", {SRC, DONE}, 0, NULL, require, HG_OUT_BLOCK, "not approved"},
    {"ungated", {.kind = HG_REQ_UNGATED}, 0, NULL, NULL, HG_OUT_BLOCK, "did not pass the gate"},
    {"ungated observed",
     {.kind = HG_REQ_UNGATED},
     0,
     NULL,
     observe,
     HG_OUT_WOULD_BLOCK,
     "did not pass the gate"},
    {"too big",
     {SRC, .trouble = HG_TROUBLE_TOO_BIG, .size = 1u << 30},
     0,
     NULL,
     NULL,
     HG_OUT_BLOCK,
     "1073741824 bytes is over the limit of 8388608"},
    {"bytes over the limit",
     {SRC, DONE, .size = (8u << 20) + 1},
     0,
     NULL,
     NULL,
     HG_OUT_BLOCK,
     "over the limit"},
    {"bytes at the limit", {SRC, DONE, .size = 8u << 20}, 0, NULL, NULL, HG_OUT_ALLOW, ""},
    {"fifo", {SRC, .trouble = HG_TROUBLE_NOT_REGULAR}, 0, NULL, NULL, HG_OUT_BLOCK, "not a regular file"},
    {"unreadable",
     {SRC, .trouble = HG_TROUBLE_READ, .error = EIO},
     0,
     NULL,
     NULL,
     HG_OUT_BLOCK,
     "could not be read: Input/output error"},
    {"unreadable, odd errno",
     {SRC, .trouble = HG_TROUBLE_READ, .error = 0xffffffffu},
     0,
     NULL,
     NULL,
     HG_OUT_BLOCK,
     "could not be read: unknown error"},
    {"trouble is no scan error",
     {SRC, .trouble = HG_TROUBLE_NOT_REGULAR},
     0,
     NULL,
     on_error,
     HG_OUT_BLOCK,
     "not a regular file"},
    {"bytecode",
     {.kind = HG_REQ_BYTECODE, .scan_kind = HG_KIND_BYTECODE},
     0,
     NULL,
     NULL,
     HG_OUT_BLOCK,
     "bytecode"},
    {"bytecode under any name",
     {.kind = HG_REQ_CODE, .scan_kind = HG_KIND_BYTECODE},
     0,
     NULL,
     NULL,
     HG_OUT_BLOCK,
     "bytecode"},
    {"bytecode allowed is scanned",
     {.kind = HG_REQ_BYTECODE, .scan_kind = HG_KIND_BYTECODE},
     0,
     NULL,
     bytecode,
     (enum hg_outcome)NEEDS_SCAN,
     ""},
    {"bytecode allowed, found",
     {.kind = HG_REQ_BYTECODE, .scan_kind = HG_KIND_BYTECODE, DONE},
     HG_SEV_CRITICAL,
     "X-1",
     bytecode,
     HG_OUT_BLOCK,
     "critical"},
    {"native",
     {.kind = HG_REQ_NATIVE, .scan_kind = HG_KIND_NATIVE},
     HG_SEV_HIGH,
     HG_RULE_NATIVE,
     NULL,
     HG_OUT_BLOCK,
     "compiled extension"},
    {"native allowed",
     {.kind = HG_REQ_NATIVE, .scan_kind = HG_KIND_NATIVE, DONE},
     HG_SEV_HIGH,
     HG_RULE_NATIVE,
     native,
     HG_OUT_ALLOW,
     ""},
    {"bytecode allowed, told",
     {.kind = HG_REQ_BYTECODE, .scan_kind = HG_KIND_BYTECODE, DONE},
     HG_SEV_CRITICAL,
     HG_RULE_BYTECODE,
     bytecode,
     HG_OUT_ALLOW,
     ""},
    {"bytecode rule in a source file",
     {SRC, DONE},
     HG_SEV_CRITICAL,
     HG_RULE_BYTECODE,
     bytecode,
     HG_OUT_BLOCK,
     "critical"},
    {"native allowed, payload",
     {.kind = HG_REQ_NATIVE, .scan_kind = HG_KIND_NATIVE, DONE},
     HG_SEV_HIGH,
     "HG-YARA-003",
     native,
     HG_OUT_BLOCK,
     "high finding"},
    {"timeout", {SRC, .scan = HG_SCAN_TIMEOUT}, 0, NULL, NULL, HG_OUT_BLOCK, "scan did not finish within 5s"},
    {"timeout ms",
     {SRC, .scan = HG_SCAN_TIMEOUT},
     0,
     NULL,
     millis,
     HG_OUT_BLOCK,
     "scan did not finish within 250ms"},
    {"crash",
     {SRC, .scan = HG_SCAN_CRASHED, .scan_detail = 11},
     0,
     NULL,
     NULL,
     HG_OUT_BLOCK,
     "scanner crashed (signal 11)"},
    {"end", {SRC, .scan = HG_SCAN_CRASHED}, 0, NULL, NULL, HG_OUT_BLOCK, "scanner ended without an answer"},
    {"failed",
     {SRC, .scan = HG_SCAN_FAILED, .scan_detail = ENOMEM},
     0,
     NULL,
     NULL,
     HG_OUT_BLOCK,
     "scan failed: Cannot allocate memory"},
    {"crash allowed",
     {SRC, .scan = HG_SCAN_CRASHED, .scan_detail = 11},
     0,
     NULL,
     on_error,
     HG_OUT_WARN,
     "crashed"},
    {"unwatched", {SRC, .unwatched = true}, 0, NULL, require, HG_OUT_ALLOW, "not guarded"},
};

static void one_case(const struct decision_case *c)
{
    struct hg_policy policy;
    struct hg_findings list = {0};
    struct hg_decision d;
    struct hg_facts facts = c->facts;
    struct hg_error err;
    assert_int_equal(hg_policy_default(&policy, &err), 0);
    if (c->change != NULL)
        c->change(&policy);
    if (c->severity != HG_SEV_NONE) {
        struct hg_finding f = finding((char *)(uintptr_t)c->rule, c->severity);
        assert_int_equal(hg_findings_add(&list, &f), 0);
    }
    facts.findings = &list;
    bool decided = hg_decide(&facts, &policy, &d);
    if (decided != (c->outcome != (enum hg_outcome)NEEDS_SCAN))
        fail_msg("%s: decided %d", c->name, decided);
    if (decided && (d.outcome != c->outcome || strstr(d.reason, c->reason) == NULL))
        fail_msg("%s: outcome %s, reason \"%s\"", c->name, hg_outcome_name(d.outcome), d.reason);
    if (decided && c->reason[0] == '\0')
        assert_string_equal(d.reason, "");
    hg_findings_clear(&list);
    hg_policy_free(&policy);
}

static void verdicts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        one_case(&cases[i]);
}

static void kinds(void **state)
{
    (void)state;
    static const struct {
        uint32_t kind, flags;
        const char *bytes;
        size_t size;
        enum hg_scan_kind expected;
    } table[] = {
        {HG_REQ_SOURCE, 0, "\xcb\r\r\n0000", 8, HG_KIND_SOURCE},
        {HG_REQ_CODE, 0, "x = 1\n", 6, HG_KIND_AUTO},
        {HG_REQ_CODE, 0, "", 0, HG_KIND_AUTO},
        {HG_REQ_CODE, 0, "\xcb\r\r\n0000", 8, HG_KIND_BYTECODE},
        {HG_REQ_CODE, 0, "a\r\r\n", 4, HG_KIND_BYTECODE},
        {HG_REQ_CODE, 0, "a\n\r\n", 4, HG_KIND_AUTO},
        {HG_REQ_CODE, 0, "\177ELF", 4, HG_KIND_NATIVE},
        {HG_REQ_CODE, 0, "PK\003\004xxxx", 8, HG_KIND_ARCHIVE},
        {HG_REQ_CODE, 0,
         "#!python\nPK\005\006"
         "0123456789012345678",
         32, HG_KIND_ARCHIVE},
        {HG_REQ_COMPILE, 0, "x", 1, HG_KIND_SOURCE},
        {HG_REQ_COMPILE, HG_REQ_TEXT, "x", 1, HG_KIND_TEXT},
        {HG_REQ_DYNAMIC, HG_REQ_TEXT, "x", 1, HG_KIND_TEXT},
        {HG_REQ_NATIVE, 0, "x", 1, HG_KIND_NATIVE},
        {HG_REQ_BYTECODE, 0, "x", 1, HG_KIND_BYTECODE},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_int_equal(
            hg_scan_kind_of(table[i].kind, table[i].flags, (const uint8_t *)table[i].bytes, table[i].size),
            table[i].expected);
}

static size_t lines_of(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

static void block_text(void **state)
{
    (void)state;
    struct hg_origin origin = {.repository = "org/name",
                               .revision = "0123456789abcdef0123456789abcdef01234567",
                               .pinned = 1,
                               .file = "modeling_x.py"};
    struct hg_finding f[3] = {finding((char *)(uintptr_t) "HG-PY-001", HG_SEV_CRITICAL),
                              finding((char *)(uintptr_t) "HG-PY-002", HG_SEV_LOW),
                              finding((char *)(uintptr_t) "HG-PY-003", HG_SEV_LOW)};
    struct hg_findings list = {.items = f, .count = 3};
    struct hg_decision d = {HG_OUT_BLOCK, &f[0], "critical finding"};
    char text[HG_WIRE_TEXT_MAX];
    const struct hg_message m = {&origin, "/a b/it's.py", "00ff", &d, &list, "hubguard approve"};
    size_t n = hg_message_block(&m, text, sizeof text);
    assert_int_equal(n, strlen(text));
    assert_string_equal(text, "hubguard: blocked org/name@0123456789ab modeling_x.py:12\n"
                              "  HG-PY-001 says something (CWE-78)\n"
                              "  severity critical, reach load\n"
                              "  evidence: os.system(\"id\")\n"
                              "  why: critical finding\n"
                              "  2 more findings in this file\n"
                              "  to allow exactly these bytes: hubguard approve '/a b/it'\\''s.py'\n");
}

static void hostile_text(void **state)
{
    (void)state;
    struct hg_origin origin = {.repository = "a\x1b[2J/b\nhubguard: allowed", .revision = "\xe2\x80\xaexyz"};
    struct hg_finding f = finding((char *)(uintptr_t) "R", HG_SEV_HIGH);
    char long_evidence[5000];
    memset(long_evidence, 'e', sizeof long_evidence - 1);
    long_evidence[sizeof long_evidence - 1] = '\0';
    f.evidence = long_evidence;
    struct hg_findings list = {.items = &f, .count = 1, .dropped = 7};
    struct hg_decision d = {HG_OUT_BLOCK, &f, "r"};
    char text[HG_WIRE_TEXT_MAX], path[4096];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    const struct hg_message m = {&origin, path, "00ff", &d, &list, "hubguard approve"};
    (void)hg_message_block(&m, text, sizeof text);
    assert_true(lines_of(text) <= 8);
    assert_null(strchr(text, '\x1b'));
    assert_null(strstr(text, "\xe2\x80\xae"));
    assert_non_null(strstr(text, "a\\x1b[2J/b\\x0ahubguard: allowed@\\xe2\\x80\\xaexyz"));
    assert_non_null(strstr(text, "hubguard approve 00ff\n")); /* a path that long is of no use */
    char small[40];
    assert_int_equal(hg_message_block(&m, small, sizeof small), sizeof small - 1);
    char bad_path[] = "/x\ny";
    const struct hg_message by_digest = {&origin, bad_path, "00ff", &d, &list, "hubguard approve"};
    (void)hg_message_block(&by_digest, text, sizeof text);
    assert_non_null(strstr(text, "hubguard approve 00ff\n"));
    assert_int_equal(lines_of(text), 7);
}

static void warning_text(void **state)
{
    (void)state;
    struct hg_origin origin = {.file = "/m/x.py"};
    struct hg_finding f = finding((char *)(uintptr_t) "R-1", HG_SEV_MEDIUM);
    struct hg_findings list = {.items = &f, .count = 1};
    struct hg_decision d = {HG_OUT_WARN, &f, "r"};
    char text[HG_WIRE_TEXT_MAX];
    const struct hg_message m = {&origin, "/m/x.py", "00", &d, &list, "hubguard approve"};
    (void)hg_message_warning(&m, text, sizeof text);
    assert_string_equal(text, "hubguard: warning: /m/x.py:12: R-1 says something (CWE-78); allowed\n");
    d.outcome = HG_OUT_WOULD_BLOCK;
    (void)hg_message_warning(&m, text, sizeof text);
    assert_string_equal(text,
                        "hubguard: would block (mode = observe) /m/x.py:12: R-1 says something (CWE-78)\n");
}

static void escapes(void **state)
{
    (void)state;
    char out[64];
    (void)hg_text_escape("a\xff\xc3\xa9\xed\xa0\x80z", 8, true, out, sizeof out);
    assert_string_equal(out, "a\\xff\xc3\xa9\\xed\\xa0\\x80z");
    (void)hg_text_escape("\xc0\x80\xf4\x90\x80\x80", 6, false, out,
                         sizeof out); /* over-long, beyond U+10FFFF */
    assert_string_equal(out, "\\xc0\\x80\\xf4\\x90\\x80\\x80");
    assert_int_equal(hg_text_escape("ab\xc3\xa9", 4, true, out, 4), 2); /* never half a character */
    assert_string_equal(out, "ab");
    assert_false(hg_text_is_clean("a\nb", 3));
    assert_false(hg_text_is_clean("\xc2\x85", 2));
    assert_true(hg_text_is_clean("caf\xc3\xa9", 5));
    assert_int_equal(hg_text_shell_quote("/a/b.py", out, sizeof out), 7);
    assert_string_equal(out, "/a/b.py");
    (void)hg_text_shell_quote("$(id)", out, sizeof out);
    assert_string_equal(out, "'$(id)'");
    (void)hg_text_shell_quote("", out, sizeof out);
    assert_string_equal(out, "''");
    assert_int_equal(hg_text_shell_quote("aaaaaaaaaaaaaaaaaaaaaa", out, 8), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),     cmocka_unit_test(kinds),        cmocka_unit_test(block_text),
        cmocka_unit_test(hostile_text), cmocka_unit_test(warning_text), cmocka_unit_test(escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
