/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/lock.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ENTRY(sha, more)                                                                                     \
    "{\"sha256\":\"" sha                                                                                     \
    "\",\"repository\":\"o/n\",\"revision\":\"r\",\"file\":\"f.py\",\"who\":\"me@here\","                    \
    "\"when\":\"2026-01-31T09:30:00Z\"" more "}"
#define GOOD(sha)      ENTRY(sha, ",\"why\":\"read it\"")
#define DOCUMENT(list) "{\"version\":1,\"approved\":[" list "]}"

static struct hg_lock *lock;
static struct hg_error err;
static char place[64], file[128];

static int parse(const char *text)
{
    memset(&err, 0, sizeof err);
    lock = NULL;
    return hg_lock_parse(text, strlen(text), "l", &lock, &err);
}

static void entries_are_found_by_digest(void **state)
{
    (void)state;
    assert_int_equal(parse(DOCUMENT(GOOD(B) "," GOOD(A))), 0);
    assert_int_equal(hg_lock_count(lock), 2);
    const struct hg_lock_entry *e = hg_lock_find(lock, A);
    assert_non_null(e);
    assert_string_equal(e->sha256, A);
    assert_string_equal(e->repository, "o/n");
    assert_string_equal(e->revision, "r");
    assert_string_equal(e->file, "f.py");
    assert_string_equal(e->who, "me@here");
    assert_string_equal(e->when, "2026-01-31T09:30:00Z");
    assert_string_equal(e->why, "read it");
    assert_non_null(hg_lock_find(lock, B));
    assert_null(hg_lock_find(lock, "cccc"));
    assert_null(hg_lock_find(lock, ""));
    assert_null(hg_lock_find(lock, "0000000000000000000000000000000000000000000000000000000000000000"));
    assert_null(hg_lock_at(lock, 2));
    hg_lock_free(lock);
    assert_int_equal(parse(DOCUMENT("") "\r\n \t"), 0);
    assert_int_equal(hg_lock_count(lock), 0);
    assert_null(hg_lock_find(lock, A));
    hg_lock_free(lock);
    hg_lock_free(NULL);
}

static void what_is_no_lock(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "l:1:1: not valid JSON"},
        {"{", "not valid JSON"},
        {"{\"version\":1,\n \"approved\":[}", "l:2:14: not valid JSON"},
        {"[]", "is not a JSON object"},
        {"null", "is not a JSON object"},
        {DOCUMENT("") "x", "text behind the end"},
        {DOCUMENT("") DOCUMENT(""), "text behind the end"},
        {"{\"version\":1}", "`approved` is missing"},
        {"{\"approved\":[]}", "`version` is missing"},
        {"{\"version\":2,\"approved\":[]}", "knows version 1"},
        {"{\"version\":1.5,\"approved\":[]}", "knows version 1"},
        {"{\"version\":\"1\",\"approved\":[]}", "knows version 1"},
        {"{\"version\":1,\"version\":1,\"approved\":[]}", "`version` stands there twice"},
        {"{\"version\":1,\"approved\":{}}", "`approved` is not a list"},
        {"{\"version\":1,\"approved\":[],\"extra\":1}", "unknown key `extra`"},
        {"{\"Version\":1,\"approved\":[]}", "unknown key `Version`"},
        {DOCUMENT("1"), "entry 1 of `approved`: is not an object"},
        {DOCUMENT("{}"), "entry 1 of `approved`: `sha256` is not 64"},
        {DOCUMENT(GOOD(A) "," ENTRY(B, "")), "entry 2 of `approved`: `why` is missing"},
        {DOCUMENT(ENTRY(A, ",\"why\":1")), "`why` is not a string"},
        {DOCUMENT(ENTRY(A, ",\"why\":\"\",\"why\":\"\"")), "`why` stands there twice"},
        {DOCUMENT(ENTRY(A, ",\"why\":\"\",\"sha256\":\"" A "\"")), "`sha256` stands there twice"},
        {DOCUMENT(ENTRY(A, ",\"why\":\"\",\"ok\":\"\"")), "unknown key `ok`"},
        {DOCUMENT(ENTRY("AAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ",\"why\":\"\"")),
         "lower-case"},
        {DOCUMENT(ENTRY(A "a", ",\"why\":\"\"")), "`sha256` is not 64"},
        {DOCUMENT(ENTRY("a", ",\"why\":\"\"")), "`sha256` is not 64"},
        {DOCUMENT(ENTRY(A, ",\"why\":\"a\\nb\"")), "`why` holds a control character"},
        {DOCUMENT(ENTRY(A, ",\"why\":\"a\\u009bb\"")), "`why` holds a control character"},
        {DOCUMENT(ENTRY(A, ",\"why\":\"\xff\"")), "`why` holds"},
        {DOCUMENT(ENTRY(A, ",\"why\":\"\xed\xa0\x80\"")), "`why` holds"},
        {DOCUMENT(ENTRY(A, ",\"why\":\"\\u0000\"")), "a NUL in a string"},
        {DOCUMENT(GOOD(A) "," GOOD(A)), "is there twice"},
        {"{\"version\":1,\"approved\":[{\"why\":[[[[[[]]]]]]}]}", "nested too deeply"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int rc = parse(cases[i].text);
        if (rc != -EINVAL || strstr(err.text, cases[i].message) == NULL)
            print_error("%s\n  gave %d: %s\n", cases[i].text, rc, err.text);
        assert_int_equal(rc, -EINVAL);
        assert_non_null(strstr(err.text, cases[i].message));
        assert_null(lock);
    }
    static const char with_nul[] = "{\"version\":1,\"approved\":[]}\0x";
    assert_int_equal(hg_lock_parse(with_nul, sizeof with_nul - 1, "l", &lock, &err), -EINVAL);
    static const char escaped_nul[] = "{\"\\\0\":1}";
    assert_int_equal(hg_lock_parse(escaped_nul, sizeof escaped_nul - 1, "l", &lock, &err), -EINVAL);
}

static void brackets_without_end(void **state)
{
    (void)state;
    size_t size = 4 << 20;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, '[', size);
    assert_int_equal(hg_lock_parse(text, size, "l", &lock, &err), -EINVAL);
    free(text);
}

static struct hg_lock_entry entry(const char *sha, const char *repository, const char *name)
{
    struct hg_lock_entry e = {.repository = strdup(repository),
                              .revision = strdup(""),
                              .file = strdup(name),
                              .who = strdup("me"),
                              .when = strdup("2026-01-31T09:30:00Z"),
                              .why = strdup("\"quoted\" \\ \xc3\xa9")};
    memcpy(e.sha256, sha, HG_SHA256_HEX);
    return e;
}

static int put(const char *sha, const char *repository, const char *name)
{
    struct hg_lock_entry e = entry(sha, repository, name);
    int rc = hg_lock_put(lock, &e, &err);
    free(e.repository);
    free(e.revision);
    free(e.file);
    free(e.who);
    free(e.when);
    free(e.why);
    return rc;
}

static char *contents(const char *path)
{
    static char text[1 << 16];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    (void)fclose(f);
    return text;
}

static int make_place(void **state)
{
    (void)state;
    (void)snprintf(place, sizeof place, "/tmp/hubguard-lock-XXXXXX");
    if (mkdtemp(place) == NULL)
        return -1;
    (void)snprintf(file, sizeof file, "%s/hubguard.lock", place);
    return 0;
}

static int remove_place(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", place);
    return system(command);
}

static void saved_in_one_order(void **state)
{
    (void)state;
    static const char *const order[][3] = {
        {B, "z/z", "a.py"}, {A, "o/n", "b.py"}, {B, "o/n", "a.py"}, {A, "", ""}, {A, "o/n", "a.py"}};
    char first[1 << 14];
    for (size_t turn = 0; turn < 5; turn++) {
        assert_int_equal(hg_lock_load("/nowhere/hubguard.lock", &lock, &err), 0);
        for (size_t i = 0; i < 5; i++) {
            const char *const *row = order[(i + turn) % 5];
            assert_int_equal(put(row[0], row[1], row[2]), 0);
        }
        assert_int_equal(put(A, "o/n", "a.py"), 0); /* replaced, not added */
        assert_int_equal(hg_lock_count(lock), 5);
        assert_int_equal(hg_lock_save(lock, file, &err), 0);
        hg_lock_free(lock);
        if (turn == 0)
            (void)snprintf(first, sizeof first, "%s", contents(file));
        assert_string_equal(contents(file), first);
    }
    assert_int_equal(hg_lock_load(file, &lock, &err), 0);
    assert_string_equal(hg_lock_at(lock, 0)->repository, "");
    assert_string_equal(hg_lock_at(lock, 1)->file, "a.py");
    assert_string_equal(hg_lock_at(lock, 1)->sha256, A);
    assert_string_equal(hg_lock_at(lock, 2)->sha256, B);
    assert_string_equal(hg_lock_at(lock, 4)->repository, "z/z");
    assert_string_equal(hg_lock_at(lock, 4)->why, "\"quoted\" \\ \xc3\xa9");
    hg_lock_free(lock);
}

static void what_may_not_be_put(void **state)
{
    (void)state;
    assert_int_equal(parse(DOCUMENT("")), 0);
    assert_int_equal(put(A, "o/n", "new\nline"), -EINVAL);
    assert_int_equal(put("AAAAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "", ""),
                     -EINVAL);
    assert_int_equal(hg_lock_count(lock), 0);
    hg_lock_free(lock);
}

/* The disk that is full is played by the file size limit. */
static void a_full_disk_loses_nothing(void **state)
{
    (void)state;
    assert_int_equal(parse(DOCUMENT(GOOD(A))), 0);
    assert_int_equal(hg_lock_save(lock, file, &err), 0);
    char before[4096];
    (void)snprintf(before, sizeof before, "%s", contents(file));
    assert_int_equal(put(B, "o/n", "g.py"), 0);

    struct rlimit old, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 64;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int rc = hg_lock_save(lock, file, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, handler);
    assert_int_equal(rc, -EFBIG);
    assert_non_null(strstr(err.text, "the old file is as it was"));
    assert_string_equal(contents(file), before);

    char count[160];
    (void)snprintf(count, sizeof count, "test $(ls -A '%s' | wc -l) = 1",
                   place); /* no temporary file stays */
    assert_int_equal(system(count), 0);
    hg_lock_free(lock);
}

static void the_mode_of_a_saved_file(void **state)
{
    (void)state;
    struct stat st;
    mode_t mask = umask(022);
    assert_int_equal(parse(DOCUMENT("")), 0);
    assert_int_equal(hg_lock_save(lock, file, &err), 0);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_int_equal(chmod(file, 0600), 0);
    assert_int_equal(hg_lock_save(lock, file, &err), 0);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    hg_lock_free(lock);
    assert_int_equal(chmod(file, 0666), 0);
    assert_int_equal(hg_lock_load(file, &lock, &err), -EINVAL);
    assert_non_null(strstr(err.text, "everybody may write it"));
    (void)umask(mask);
}

static void a_link_is_written_through(void **state)
{
    (void)state;
    char target[160], link_name[160];
    struct stat st;
    (void)snprintf(target, sizeof target, "%s/target.lock", place);
    (void)snprintf(link_name, sizeof link_name, "%s/hubguard.lock", place);
    assert_int_equal(parse(DOCUMENT(GOOD(A))), 0);
    assert_int_equal(hg_lock_save(lock, target, &err), 0);
    assert_int_equal(symlink("target.lock", link_name), 0);
    assert_int_equal(hg_lock_save(lock, link_name, &err), 0);
    assert_int_equal(lstat(link_name, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    hg_lock_free(lock);
}

static void things_that_are_no_files(void **state)
{
    (void)state;
    char path[160];
    assert_int_equal(hg_lock_load(place, &lock, &err), -EINVAL);
    assert_int_equal(hg_lock_load("/dev/zero", &lock, &err), -EINVAL);
    (void)snprintf(path, sizeof path, "%s/fifo", place);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(hg_lock_load(path, &lock, &err), -EINVAL);
    assert_int_equal(parse(DOCUMENT("")), 0);
    assert_int_equal(hg_lock_save(lock, path, &err), -EINVAL);
    assert_int_equal(hg_lock_save(lock, place, &err), -EINVAL);
    assert_int_equal(hg_lock_save(lock, "/nowhere/at/all", &err), -ENOENT);
    hg_lock_free(lock);
    (void)snprintf(path, sizeof path, "%s/big", place);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    (void)fclose(f);
    assert_int_equal(truncate(path, 1 << 30), 0);
    assert_int_equal(hg_lock_load(path, &lock, &err), -EINVAL);
    assert_non_null(strstr(err.text, "larger than"));
}

static void not_where_repositories_write(void **state)
{
    (void)state;
    static struct hg_roots roots;
    char path[200], command[300];
    memset(&roots, 0, sizeof roots);
    (void)snprintf(command, sizeof command,
                   "mkdir -p '%s/root/repo' '%s/else' && ln -s ../root/repo '%s/else/link'", place, place,
                   place);
    assert_int_equal(system(command), 0);
    (void)snprintf(path, sizeof path, "%s/root", place);
    assert_int_equal(hg_roots_add(&roots, path, HG_LOADER_EXTRA), 0);
    static const struct {
        const char *name;
        int rc;
    } cases[] = {{"root/hubguard.lock", -EPERM},
                 {"root/repo/hubguard.lock", -EPERM},
                 {"else/link/hubguard.lock", -EPERM},
                 {"else/link/../x.lock", -EPERM},
                 {"else/../root/x", -EPERM},
                 {"else/hubguard.lock", 0},
                 {"rootless.lock", 0},
                 {"root/../x.lock", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", place, cases[i].name);
        assert_int_equal(hg_lock_check_place(path, &roots, &err), cases[i].rc);
    }
    char here[4096];
    assert_non_null(getcwd(here, sizeof here));
    (void)snprintf(path, sizeof path, "%s/root/repo", place);
    assert_int_equal(chdir(path), 0);
    assert_int_equal(hg_lock_check_place("hubguard.lock", &roots, &err), -EPERM);
    assert_int_equal(chdir(here), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_found_by_digest),
        cmocka_unit_test(what_is_no_lock),
        cmocka_unit_test(brackets_without_end),
        cmocka_unit_test(what_may_not_be_put),
        cmocka_unit_test_setup_teardown(saved_in_one_order, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_full_disk_loses_nothing, make_place, remove_place),
        cmocka_unit_test_setup_teardown(the_mode_of_a_saved_file, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_link_is_written_through, make_place, remove_place),
        cmocka_unit_test_setup_teardown(things_that_are_no_files, make_place, remove_place),
        cmocka_unit_test_setup_teardown(not_where_repositories_write, make_place, remove_place),
    };
    return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
