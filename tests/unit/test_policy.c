/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/policy.h"

static struct hg_policy policy;
static struct hg_error err;

static int parse(const char *text)
{
    memset(&err, 0, sizeof err);
    return hg_policy_parse(text, strlen(text), "p.ini", &policy, &err);
}

static void default_values(void **state)
{
    (void)state;
    char here[PATH_MAX], want[PATH_MAX + 16];
    assert_int_equal(hg_policy_default(&policy, &err), 0);
    assert_int_equal(policy.mode, HG_MODE_ENFORCE);
    assert_false(policy.on_error_allow);
    assert_null(policy.report);
    assert_true(policy.banner);
    assert_true(policy.roots_auto);
    assert_int_equal(policy.block_at, HG_SEV_HIGH);
    assert_int_equal(policy.warn_at, HG_SEV_MEDIUM);
    assert_int_equal(policy.bytecode, HG_BYTECODE_IGNORE);
    assert_false(policy.native_allow);
    assert_int_equal(policy.max_size, 8u << 20);
    assert_int_equal(policy.timeout_ms, 5000);
    assert_null(policy.rules);
    assert_false(policy.lock_require);
    assert_non_null(getcwd(here, sizeof here));
    (void)snprintf(want, sizeof want, "%s/hubguard.lock", here);
    assert_string_equal(policy.lock_file, want);
    assert_int_equal(policy.exec_allow.count, 1);
    assert_string_equal(policy.exec_allow.items[0], "python");
    assert_string_equal(policy.net_allow.items[0], "hub");
    assert_int_equal(policy.fs_write.count, 3);
    assert_true(policy.fs_deny_read.count > 5);
    assert_int_equal(policy.fs_deny_read.items[0][0], '/');
    assert_null(policy.source);
    hg_policy_free(&policy);
}

static void values_of_every_kind(void **state)
{
    (void)state;
    assert_int_equal(
        parse("\xef\xbb\xbf[guard]\r\nmode = observe ; why\r\non_error=allow\nbanner : no\nreport = /r/../s\n"
              "[roots]\nauto = no\nextra = /a:\"/b c\":/d//e/\n  /f\nexclude = /a/x\n"
              "# comment\n[scan]\nblock_at = never\nwarn_at=low\nbytecode = block\nnative = allow\n"
              "max_size = 500k\ntimeout = 250ms\nrules = /etc/rules\n"
              "[lock]\nfile = /l\nrequire = yes\n"
              "[exec]\nallow = python /usr/bin/git\n"
              "[net]\nallow = hub example.org *.example.org:443 10.0.0.0/8:80 [2001:db8::]:443\n"
              "  2001:db8::/32 127.0.0.1\n"
              "[fs]\nwrite =\nread = /a /b\ndeny_read = /k\n"
              "[syscalls]\nbase = strict\ndeny = @network-io openat\nallow = read\n"),
        0);
    assert_int_equal(policy.mode, HG_MODE_OBSERVE);
    assert_true(policy.on_error_allow);
    assert_false(policy.banner);
    assert_string_equal(policy.report, "/s");
    assert_false(policy.roots_auto);
    assert_int_equal(policy.roots_extra.count, 4);
    assert_string_equal(policy.roots_extra.items[1], "/b c");
    assert_string_equal(policy.roots_extra.items[2], "/d/e");
    assert_string_equal(policy.roots_extra.items[3], "/f");
    assert_string_equal(policy.roots_exclude.items[0], "/a/x");
    assert_int_equal(policy.block_at, HG_SEV_NONE);
    assert_int_equal(policy.warn_at, HG_SEV_LOW);
    assert_int_equal(policy.bytecode, HG_BYTECODE_BLOCK);
    assert_true(policy.native_allow);
    assert_int_equal(policy.max_size, 500u << 10);
    assert_int_equal(policy.timeout_ms, 250);
    assert_string_equal(policy.rules, "/etc/rules");
    assert_string_equal(policy.lock_file, "/l");
    assert_true(policy.lock_require);
    assert_int_equal(policy.exec_allow.count, 2);
    assert_int_equal(policy.net_allow.count, 7);
    assert_string_equal(policy.net_allow.items[4], "[2001:db8::]:443");
    assert_int_equal(policy.fs_write.count, 0);
    assert_int_equal(policy.fs_deny_read.count, 1);
    assert_true(policy.syscalls_strict);
    assert_int_equal(policy.syscalls_deny.count, 2);
    assert_string_equal(policy.source, "p.ini");
    hg_policy_free(&policy);
}

struct bad {
    const char *text, *message;
};

static void refuse(const struct bad *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int rc = parse(cases[i].text);
        if (rc != -EINVAL || strstr(err.text, cases[i].message) == NULL)
            print_error("%s\n  gave %d: %s\n", cases[i].text, rc, err.text);
        assert_int_equal(rc, -EINVAL);
        assert_non_null(strstr(err.text, cases[i].message));
        assert_null(strchr(err.text, '\n'));
        assert_null(policy.lock_file); /* empty after a failure */
        assert_null(policy.origins);
    }
}

static void names_nobody_knows(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {"[scan]\nblok_at = high\n", "p.ini:2: unknown key `blok_at` in [scan]; did you mean `block_at`?"},
        {"\n\n[scna]\nx = 1\n", "p.ini:3: unknown section [scna]; did you mean [scan]?"},
        {"[scna]\n", "p.ini:1: unknown section [scna]; did you mean [scan]?"},
        {"[completely-else]\n", "p.ini:1: unknown section [completely-else]"},
        {"[]\n", "p.ini:1: unknown section []"},
        {"[Scan]\n", "did you mean [scan]?"},
        {"[guard]\nblock_at = high\n",
         "p.ini:2: unknown key `block_at` in [guard]; did you mean the one in [scan]?"},
        {"mode = observe\n", "p.ini:1: `mode` stands before the first section"},
        {"[guard]\nreport = /a/ /\n", "p.ini:2: `report` in [guard]: a path cannot end in a blank"},
        {"[guard]\nmode = observ\n", "p.ini:2: `observ` is no value of `mode` in [guard] (`enforce`, "
                                     "`observe`); did you mean `observe`?"},
        {"[guard]\nmode = observe # why\n", "`observe # why` is no value"},
        {"[guard]\nmode =\n", "`` is no value"},
        {"[guard]\nbanner = true\n", "`true` is no value of `banner`"},
        {"[scan]\nblock_at = hihg\n", "did you mean `high`?"},
    };
    refuse(cases, sizeof cases / sizeof cases[0]);
}

static void what_inih_would_pass_over(void **state)
{
    (void)state;
    static char wide[600];
    (void)snprintf(wide, sizeof wide, "[roots]\nextra = /%0300d\n", 0);
    const struct bad cases[] = {
        {"[guard]\nmode = enforce\nmode = observe\n",
         "p.ini:3: `mode` in [guard] is set a second time (first in line 2)"},
        {"[guard]\nmode = enforce\n[scan]\n[guard]\nmode = observe\n",
         "p.ini:5: `mode` in [guard] is set a second time"},
        {"[guard] mode = observe\n", "p.ini:1: text behind a section's `]`"},
        {"[guard\nmode = observe\n", "p.ini:1: a section without `]`"},
        {"[guard]\nmode observe\n", "p.ini:2: neither a [section] nor `key = value`"},
        {"[guard]\n  mode = observe\n", "p.ini:2: an indented line that continues nothing"},
        {"[guard]\nmode = enforce\n  observe\n",
         "p.ini:3: an indented line continues a list, and `mode` is none"},
        {"[guard]\nbanner = yes\n[scan]\n  native = allow\n",
         "p.ini:4: an indented line that continues nothing"},
        {"[guard]\nmode = enforce\rmode = observe\n", "p.ini:2: a control character"},
        {"[guard]\nmode = en\x1b[31mforce\n", "p.ini:2: a control character"},
        {wide, "p.ini:2: the line is too long"},
    };
    refuse(cases, sizeof cases / sizeof cases[0]);

    static const char with_nul[] = "[guard]\n\0mode = observe\n";
    assert_int_equal(hg_policy_parse(with_nul, sizeof with_nul - 1, "p.ini", &policy, &err), -EINVAL);
    assert_string_equal(err.text, "p.ini:2: a control character or NUL byte");
    /* A long comment is no long line. */
    (void)snprintf(wide, sizeof wide, "[guard]\n# %0300d\nmode = observe ; %0200d\n", 0, 0);
    assert_int_equal(parse(wide), 0);
    assert_int_equal(policy.mode, HG_MODE_OBSERVE);
    hg_policy_free(&policy);
}

static void values_that_are_none(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {"[scan]\nmax_size = 8MB\n", "`8MB` is no size"},
        {"[scan]\nmax_size = 0\n", "is no size"},
        {"[scan]\nmax_size = -1\n", "is no size"},
        {"[scan]\nmax_size = 99999999999999999999\n", "is no size"},
        {"[scan]\nmax_size = 18446744073709551616\n", "is no size"},
        {"[scan]\nmax_size = 2G\n", "is no size"},
        {"[scan]\ntimeout = 5\n", "`5` is no time"},
        {"[scan]\ntimeout = 0s\n", "is no time"},
        {"[scan]\ntimeout = 11m\n", "is no time"},
        {"[scan]\ntimeout = 1.5s\n", "is no time"},
        {"[scan]\nrules = rules.d\n", "is not an absolute path"},
        {"[roots]\nextra = models\n", "`models` is not an absolute path"},
        {"[roots]\nextra = /a:/a\n", "`/a` stands there twice"},
        {"[roots]\nextra = \"/a\n", "must end with one"},
        {"[exec]\nallow =\n", "p.ini:2: `allow` in [exec] is empty"},
        {"[exec]\nallow = pyhton\n", "did you mean `python`?"},
        {"[exec]\nallow = none python\n", "`none` must stand alone"},
        {"[exec]\nallow = python\n  none\n", "p.ini:3: `allow` in [exec]: `none` must stand alone"},
        {"[net]\nallow = any hub\n", "`any` must stand alone"},
        {"[net]\nallow =\n", "is empty"},
        {"[net]\nallow = example.org:0\n", "is none of hub, none, any"},
        {"[net]\nallow = example.org:65536\n", "is none of hub"},
        {"[net]\nallow = example.org:\n", "is none of hub"},
        {"[net]\nallow = *\n", "is none of hub"},
        {"[net]\nallow = *.\n", "is none of hub"},
        {"[net]\nallow = a.*.org\n", "is none of hub"},
        {"[net]\nallow = https://example.org\n", "is none of hub"},
        {"[net]\nallow = 10.0.0.1/8\n", "is none of hub"},
        {"[net]\nallow = 10.0.0.0/33\n", "is none of hub"},
        {"[net]\nallow = 10.0.0.0/08\n", "is none of hub"},
        {"[net]\nallow = 256.1.1.1\n", "is none of hub"},
        {"[net]\nallow = 10.0.0\n", "is none of hub"},
        {"[net]\nallow = example.org/8\n", "is none of hub"},
        {"[net]\nallow = [::1\n", "is none of hub"},
        {"[net]\nallow = -x.org\n", "is none of hub"},
        {"[net]\nallow = x..org\n", "is none of hub"},
        {"[fs]\nwrite = cwd tpm\n", "did you mean `tmp`?"},
        {"[fs]\nread = any /x\n", "`any` must stand alone"},
        {"[fs]\ndeny_read = .ssh\n", "is not an absolute path"},
        {"[syscalls]\ndeny = @netwrok-io\n", "did you mean `@network-io`?"},
        {"[syscalls]\ndeny = opeant\n", "is no system call"},
        {"[syscalls]\nbase = lax\n", "is no value of `base`"},
    };
    refuse(cases, sizeof cases / sizeof cases[0]);
}

static void show_is_a_policy_again(void **state)
{
    (void)state;
    char *text = NULL, *again = NULL;
    size_t size = 0, again_size = 0;
    assert_int_equal(
        parse("[roots]\nextra = \"/with blank\":/b\n[scan]\nmax_size = 1500\ntimeout = 90s\n"
              "[net]\nallow = hub a.example b.example c.example d.example e.example f.example g.example "
              "h.example i.example j.example\n"),
        0);
    FILE *out = open_memstream(&text, &size);
    assert_int_equal(hg_policy_print(&policy, out), 0);
    (void)fclose(out);
    hg_policy_free(&policy);
    assert_non_null(strstr(text, "max_size = 1500  ; p.ini:4\n"));
    assert_non_null(strstr(text, "mode = enforce  ; built-in default\n"));
    assert_non_null(strstr(text, "extra = \"/with blank\":/b  ; p.ini:2\n"));

    assert_int_equal(hg_policy_parse(text, size, "again", &policy, &err), 0);
    assert_int_equal(policy.net_allow.count, 11);
    assert_string_equal(policy.roots_extra.items[0], "/with blank");
    assert_int_equal(policy.timeout_ms, 90000);
    out = open_memstream(&again, &again_size);
    assert_int_equal(hg_policy_print(&policy, out), 0);
    (void)fclose(out);
    hg_policy_free(&policy);
    /* Same values: the two differ in what stands behind " ; " only. */
    char *save_a = NULL, *save_b = NULL;
    char *a = strtok_r(text, "\n", &save_a), *b = strtok_r(again, "\n", &save_b);
    for (; a != NULL && b != NULL; a = strtok_r(NULL, "\n", &save_a), b = strtok_r(NULL, "\n", &save_b)) {
        a[strcspn(a, ";")] = '\0';
        b[strcspn(b, ";")] = '\0';
        assert_string_equal(a, b);
    }
    assert_true(a == NULL && b == NULL);
    free(text);
    free(again);
}

static void one_value_set(void **state)
{
    (void)state;
    assert_int_equal(hg_policy_default(&policy, &err), 0);
    assert_int_equal(hg_policy_set(&policy, "guard", "mode", "observe", "--mode", &err), 0);
    assert_int_equal(policy.mode, HG_MODE_OBSERVE);
    assert_int_equal(hg_policy_set(&policy, "guard", "mode", "obsreve", "--mode", &err), -EINVAL);
    assert_string_equal(err.text,
                        "--mode: `obsreve` is no value of `mode` in [guard] (`enforce`, `observe`); did you "
                        "mean `observe`?");
    assert_int_equal(hg_policy_set(&policy, "guard", "report", "/x ;y", "--report", &err), -EINVAL);
    assert_int_equal(hg_policy_set(&policy, "guard", "report", "/x\ny", "--report", &err), -EINVAL);
    assert_int_equal(hg_policy_set(&policy, "exec", "allow", "", "test", &err), -EINVAL);
    assert_int_equal(hg_policy_set(&policy, "nowhere", "mode", "observe", "test", &err), -EINVAL);
    assert_int_equal(hg_policy_set(&policy, "guard", "report", "/x", "--report", &err), 0);
    assert_string_equal(policy.report, "/x");
    hg_policy_free(&policy);
}

/* --- files
 * ---------------------------------------------------------------------------------------------------- */

static char place[64];

static int make_place(void **state)
{
    (void)state;
    (void)snprintf(place, sizeof place, "/tmp/hubguard-policy-XXXXXX");
    if (mkdtemp(place) == NULL)
        return -1;
    (void)unsetenv("HUBGUARD_POLICY");
    (void)unsetenv("HUBGUARD_MODE");
    (void)unsetenv("HUBGUARD_REPORT");
    (void)unsetenv("HUBGUARD_LOCK");
    (void)setenv("XDG_CONFIG_HOME", place, 1);
    return 0;
}

static int remove_place(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", place);
    return system(command);
}

static const char *write_file(const char *name, const char *text, mode_t mode)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", place, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    (void)fputs(text, f);
    (void)fclose(f);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

static void files_that_are_not_to_be_trusted(void **state)
{
    (void)state;
    const char *path = write_file("p.ini", "[guard]\nmode = observe\n", 0666);
    assert_int_equal(hg_policy_load(path, &policy, &err), -EACCES);
    assert_non_null(strstr(err.text, "others may write it (mode 666)"));
    assert_int_equal(chmod(path, 0620), 0);
    assert_int_equal(hg_policy_load(path, &policy, &err), -EACCES);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(hg_policy_load(path, &policy, &err), 0);
    assert_string_equal(policy.source, path);
    hg_policy_free(&policy);
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(path, 12345, 12345), 0);
    assert_int_equal(hg_policy_load(path, &policy, &err), -EACCES);
    assert_non_null(strstr(err.text, "belongs to user 12345"));
}

static void things_that_are_no_files(void **state)
{
    (void)state;
    char path[256];
    assert_int_equal(hg_policy_load("/nowhere/p.ini", &policy, &err), -ENOENT);
    assert_int_equal(hg_policy_load(place, &policy, &err), -EINVAL);
    assert_non_null(strstr(err.text, "not a regular file"));
    assert_int_equal(hg_policy_load("/dev/zero", &policy, &err), -EINVAL);
    (void)snprintf(path, sizeof path, "%s/fifo", place);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(hg_policy_load(path, &policy, &err), -EINVAL);
    const char *big = write_file("big.ini", "", 0600);
    assert_int_equal(truncate(big, 1 << 30), 0);
    assert_int_equal(hg_policy_load(big, &policy, &err), -EINVAL);
    assert_non_null(strstr(err.text, "larger than"));
    const char *empty = write_file("empty.ini", "", 0600);
    assert_int_equal(hg_policy_load(empty, &policy, &err), 0);
    hg_policy_free(&policy);
}

static void where_a_policy_is_looked_for(void **state)
{
    (void)state;
    char path[256], option[256];
    (void)snprintf(path, sizeof path, "%s/hubguard", place);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)write_file("hubguard/policy.ini", "[scan]\nmax_size = 1M\n", 0600);
    (void)snprintf(option, sizeof option, "%s", write_file("option.ini", "[scan]\nmax_size = 3M\n", 0600));
    const char *variable = write_file("variable.ini", "[scan]\nmax_size = 2M\n", 0600);

    assert_int_equal(hg_policy_find(NULL, &policy, &err), 0);
    assert_int_equal(policy.max_size, 1u << 20);
    hg_policy_free(&policy);
    (void)setenv("HUBGUARD_POLICY", variable, 1);
    assert_int_equal(hg_policy_find(NULL, &policy, &err), 0);
    assert_int_equal(policy.max_size, 2u << 20);
    hg_policy_free(&policy);
    assert_int_equal(hg_policy_find(option, &policy, &err), 0);
    assert_int_equal(policy.max_size, 3u << 20);
    hg_policy_free(&policy);
    (void)setenv("HUBGUARD_POLICY", "/nowhere.ini", 1);
    assert_int_equal(hg_policy_find(NULL, &policy, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nowhere.ini"));
    (void)setenv("HUBGUARD_POLICY", "", 1);
    assert_int_equal(hg_policy_find(NULL, &policy, &err), 0);
    hg_policy_free(&policy);

    /* A policy in the working directory is the repository's, not the user's: neither by name nor over a
     * relative XDG_CONFIG_HOME. */
    char here[PATH_MAX];
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(place), 0);
    (void)setenv("XDG_CONFIG_HOME", ".", 1);
    (void)setenv("HOME", place, 1);
    assert_int_equal(hg_policy_find(NULL, &policy, &err), 0);
    assert_true(policy.max_size != 1u << 20);
    hg_policy_free(&policy);
    assert_int_equal(chdir(here), 0);
}

static void the_environment_goes_over_the_file(void **state)
{
    (void)state;
    const char *path = write_file("p.ini", "[guard]\nmode = enforce\nreport = /from/file\n", 0600);
    (void)setenv("HUBGUARD_MODE", "observe", 1);
    (void)setenv("HUBGUARD_REPORT", "/from/variable", 1);
    (void)setenv("HUBGUARD_LOCK", "/from/lock", 1);
    assert_int_equal(hg_policy_find(path, &policy, &err), 0);
    assert_int_equal(policy.mode, HG_MODE_OBSERVE);
    assert_string_equal(policy.report, "/from/variable");
    assert_string_equal(policy.lock_file, "/from/lock");
    hg_policy_free(&policy);
    (void)setenv("HUBGUARD_MODE", "off", 1);
    assert_int_equal(hg_policy_find(path, &policy, &err), -EINVAL);
    assert_non_null(strstr(err.text, "HUBGUARD_MODE: `off` is no value of `mode`"));
    assert_null(policy.lock_file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_values),
        cmocka_unit_test(values_of_every_kind),
        cmocka_unit_test(names_nobody_knows),
        cmocka_unit_test(what_inih_would_pass_over),
        cmocka_unit_test(values_that_are_none),
        cmocka_unit_test(show_is_a_policy_again),
        cmocka_unit_test(one_value_set),
        cmocka_unit_test_setup_teardown(files_that_are_not_to_be_trusted, make_place, remove_place),
        cmocka_unit_test_setup_teardown(things_that_are_no_files, make_place, remove_place),
        cmocka_unit_test_setup_teardown(where_a_policy_is_looked_for, make_place, remove_place),
        cmocka_unit_test_setup_teardown(the_environment_goes_over_the_file, make_place, remove_place),
    };
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
