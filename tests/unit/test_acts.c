/* SPDX-License-Identifier: Apache-2.0 */
/* What caged code tried, told and recorded; what a policy needs of a machine; addresses as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "guard/acts.h"
#include "guard/needs.h"
#include "guard/sockaddr.h"

#define ROOT  "/h/hub"
#define FRAME ROOT "/models--org--name/snapshots/0123456789abcdef0123456789abcdef01234567/modeling_x.py"

struct fixture {
    char path[64];
    struct hg_policy policy;
    struct hg_roots roots;
    struct hg_report *report;
    struct hg_cage_facts facts;
    struct hg_acts acts;
};

static const char policy_text[] = "[exec]\nallow = python\n[fs]\nwrite = cwd /data\n[net]\nallow = hub\n";

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct hg_error err;
    (void)snprintf(f->path, sizeof f->path, "/tmp/hubguard-acts-XXXXXX");
    int fd = mkstemp(f->path);
    if (fd < 0 || hg_policy_parse(policy_text, sizeof policy_text - 1, "p.ini", &f->policy, &err) != 0 ||
        hg_roots_add(&f->roots, ROOT, HG_LOADER_HF_HUB) != 0 ||
        hg_report_open(f->path, &f->report, &err) != 0 ||
        hg_acts_open(&f->acts, &f->policy, &f->roots, f->report, &f->facts) != 0)
        return -1;
    close(fd);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    hg_report_close(f->report);
    hg_policy_free(&f->policy);
    (void)unlink(f->path);
    free(f);
    return 0;
}

static size_t lines(const struct fixture *f)
{
    FILE *in = fopen(f->path, "re");
    size_t n = 0;
    assert_non_null(in);
    for (int c; (c = fgetc(in)) != EOF;)
        n += c == '\n';
    (void)fclose(in);
    return n;
}

/* --- messages
 * -------------------------------------------------------------------------------------------------------- */

static const struct {
    struct hg_act act;
    const char *text;
} messages[] = {
    {{.kind = HG_ACT_EXEC, .object = "/bin/sh", .frame = FRAME, .line = 42},
     "hubguard: org/name@0123456 modeling_x.py:42 tried to run /bin/sh (exec.allow = python)"},
    {{.kind = HG_ACT_CONNECT, .object = "192.0.2.1:80", .frame = FRAME},
     "hubguard: org/name@0123456 modeling_x.py tried to connect to 192.0.2.1:80 (net.allow = hub)"},
    {{.kind = HG_ACT_WRITE, .object = "/etc/\x1b[2Jx", .frame = ""},
     "hubguard: remote code tried to write /etc/\\x1b[2Jx (fs.write = cwd /data)"},
    {{.kind = HG_ACT_RESOLVE, .object = "a.example", .frame = "<string>", .line = 1},
     "hubguard: <string>:1 tried to look up a.example (net.allow = hub)"},
    {{.kind = HG_ACT_CALL, .object = "ptrace"},
     "hubguard: remote code tried to call ptrace (syscalls.base = default)"},
};

static void texts(void **state)
{
    struct fixture *f = *state;
    char text[1024], small[32];
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        assert_int_equal(hg_acts_message(&f->acts, &messages[i].act, text, sizeof text),
                         strlen(messages[i].text));
        assert_string_equal(text, messages[i].text);
    }
    assert_true(hg_acts_message(&f->acts, &messages[0].act, small, sizeof small) < sizeof small);
}

static void long_lists_are_cut(void **state)
{
    struct fixture *f = *state;
    struct hg_error err;
    char list[4096] = "/a", text[1024];
    for (int i = 0; i < 100; i++)
        (void)snprintf(list + strlen(list), 32, " /somewhere/%d", i);
    assert_int_equal(hg_policy_set(&f->policy, "fs", "write", list, "test", &err), 0);
    (void)hg_acts_message(&f->acts, &messages[2].act, text, sizeof text);
    assert_true(strlen(text) < 250);
    assert_string_equal(text + strlen(text) - 5, " ...)");
}

/* --- the record
 * ------------------------------------------------------------------------------------------------------ */

static void repeated(void **state)
{
    struct fixture *f = *state;
    struct hg_act act = messages[0].act;
    for (act.pid = 1; act.pid <= 3; act.pid++)
        for (int i = 0; i < 5; i++)
            hg_acts_record(&f->acts, &act, HG_ACT_REFUSE);
    assert_int_equal(lines(f), 3); /* for each process */
    assert_int_equal(f->facts.acts_refused, 15);
    assert_int_equal(f->facts.acts_suppressed, 12);
    for (act.pid = 1; act.pid <= 3; act.pid++)
        hg_acts_record(&f->acts, &act, HG_ACT_ALLOW);
    assert_int_equal(lines(f), 4); /* for all */
    assert_int_equal(f->facts.acts_suppressed, 12);
}

static void flood(void **state)
{
    struct fixture *f = *state;
    char object[32];
    struct hg_act act = {.kind = HG_ACT_EXEC, .object = object};
    enum { MANY = 30000 };
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(object, sizeof object, "/x/%d", i);
        hg_acts_record(&f->acts, &act, HG_ACT_REFUSE);
    }
    assert_int_equal(f->facts.acts_refused, MANY);
    assert_in_range(lines(f), HG_ACTS_BURST, HG_ACTS_BURST + 20 * HG_ACTS_SECOND);
    assert_int_equal(f->facts.acts_suppressed, MANY - lines(f));
}

/* --- what a policy needs
 * --------------------------------------------------------------------------------------------- */

static void needs(void **state)
{
    struct fixture *f = *state;
    struct hg_error err;
    struct hg_need need;
    struct hg_machine m = {
        .seccomp_filter = true, .user_notify = true, .addfd = true, .tsync_esrch = true, .landlock_abi = 7};
    assert_false(hg_needs_lack(&m, &f->policy, &need));
    m.landlock_abi = 1; /* enough: the filter holds what it does not, and the guard gives memory */
    assert_false(hg_needs_lack(&m, &f->policy, &need));
    assert_int_equal(hg_policy_set(&f->policy, "syscalls", "allow", "fchmod", "test", &err), 0);
    assert_true(hg_needs_lack(&m, &f->policy, &need)); /* which could be made executable then */
    assert_string_equal(need.by, "[syscalls] allow (test)");
    m.memfd_noexec = true;
    assert_false(hg_needs_lack(&m, &f->policy, &need));
    m.landlock_abi = 0;
    m.landlock_error = EOPNOTSUPP;
    assert_true(hg_needs_lack(&m, &f->policy, &need));
    assert_string_equal(need.by, "[exec] allow (p.ini:2)");
    assert_non_null(strstr(need.state, "lsm="));
    assert_int_equal(hg_policy_set(&f->policy, "exec", "allow", "none", "test", &err), 0);
    assert_true(hg_needs_lack(&m, &f->policy, &need)); /* the filter alone does that, but not this */
    assert_string_equal(need.by, "[fs] write (p.ini:4)");
    m.addfd = false;
    assert_true(hg_needs_lack(&m, &f->policy, &need));
    assert_string_equal(need.by, "[net] allow (p.ini:6)");
    m.tsync_esrch = false;
    assert_true(hg_needs_lack(&m, &f->policy, &need));
    assert_string_equal(need.by, "[syscalls] base (built-in default)");
}

/* --- addresses
 * ------------------------------------------------------------------------------------------------------- */

static void addresses(void **state)
{
    (void)state;
    struct hg_sockaddr a;
    char text[HG_SOCKADDR_TEXT];
    static const struct {
        const char *hex;
        int code;
        const char *text;
    } cases[] = {
        {"020001bb7f0000010000000000000000", 0, "127.0.0.1:443"},
        {"020001bb7f0000010000000000000000ffff", 0, "127.0.0.1:443"},
        {"020001bb7f00000100000000000000", -EINVAL, ""},
        {"0a0000500000000000000000000000000000000000000001", 0, "[::1]:80"},
        {"0a00005000000000000000000000000000000000000001", -EINVAL, ""},
        {"01002f746d702f73", 0, "/tmp/s"},
        {"0100002f746d70", 0, "@/tmp"},
        {"0100", -EINVAL, ""},
        {"0000", 0, ""},
        {"11000000", -EAFNOSUPPORT, ""},
        {"02", -EINVAL, ""},
        {"", -EINVAL, ""},
        {"0", -EINVAL, ""},
        {"0200zz", -EINVAL, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int code = hg_sockaddr_parse(cases[i].hex, &a);
        if (code != cases[i].code || (code == 0 && strcmp(hg_sockaddr_text(&a, text), cases[i].text) != 0))
            fail_msg("%s: %d, %s", cases[i].hex, code, text);
    }
    assert_true(hg_sockaddr_numeric("[::1]", 80, &a) && a.at.ss_family == AF_INET6);
    assert_true(hg_sockaddr_numeric("::1", 80, &a));
    assert_true(hg_sockaddr_numeric("192.0.2.1", 80, &a) && a.size == sizeof(struct sockaddr_in));
    assert_false(hg_sockaddr_numeric("[192.0.2.1]", 80, &a));
    assert_false(hg_sockaddr_numeric("example.org", 80, &a));
    assert_false(hg_sockaddr_numeric("", 80, &a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(texts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_lists_are_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(repeated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(flood, set_up, tear_down),
        cmocka_unit_test_setup_teardown(needs, set_up, tear_down),
        cmocka_unit_test(addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
