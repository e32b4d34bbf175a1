/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict cache: that it remembers, that it does not lie where it could be forged, that faults only turn
 * it off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/lookup.h"
#include "guard/memo.h"

static const uint8_t digest[32] = {1, 2, 3};
static const uint8_t other[32] = {9};

/* A scratch home directory: not below /tmp, where no cache is trusted. */
struct fixture {
    char home[PATH_MAX], cache[PATH_MAX], db[PATH_MAX];
    struct hg_policy policy;
    struct hg_roots *roots;
    uint8_t *encoded;
    size_t size;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void join(char *out, const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    assert_true(n + m + 1 < PATH_MAX);
    memcpy(out, a, n);
    memcpy(out + n, b, m + 1);
}

static char first_home[PATH_MAX - 64]; /* before the tests change it */

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct hg_error err;
    char start[PATH_MAX];
    if (f == NULL || getcwd(start, sizeof start) == NULL)
        return -1;
    bool home = first_home[0] == '/' && strncmp(first_home, "/tmp", 4) != 0;
    join(f->home, home ? first_home : start, "/.hubguard-test-XXXXXX");
    if (mkdtemp(f->home) == NULL)
        return -1;
    join(f->cache, f->home, "/.cache/hubguard");
    join(f->db, f->cache, "/verdicts.db");
    f->roots = calloc(1, sizeof *f->roots);
    struct hg_findings list = {0};
    const struct hg_finding finding = {
        .rule = (char *)(uintptr_t) "T-1", .message = (char *)(uintptr_t) "m", .severity = HG_SEV_HIGH};
    if (f->roots == NULL || hg_findings_add(&list, &finding) != 0 ||
        hg_policy_default(&f->policy, &err) != 0 || hg_codec_encode(&list, &f->encoded, &f->size) != 0 ||
        setenv("HOME", f->home, 1) != 0 || unsetenv("XDG_CACHE_HOME") != 0 || unsetenv("TMPDIR") != 0)
        return -1;
    hg_findings_clear(&list);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    (void)nftw(f->home, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    hg_policy_free(&f->policy);
    free(f->roots);
    free(f->encoded);
    free(f);
    return 0;
}

static struct hg_lookup *fresh(const struct fixture *f, const char *ruleset, const char *cwd)
{
    struct hg_lookup *l;
    struct hg_error err;
    assert_int_equal(hg_lookup_open(ruleset, cwd, f->roots, &f->policy, &l, &err), 0);
    return l;
}

/* 1 found, 0 not, -1 and the cache is off; `why` must then stand in its state. */
static int find(struct hg_lookup *l, const uint8_t *sha256, uint32_t kind, const char *why)
{
    struct hg_error err = {""};
    uint8_t *bytes = NULL;
    size_t size = 0;
    int rc = hg_lookup_find(l, sha256, kind, &bytes, &size, &err);
    free(bytes);
    if (rc < 0) {
        if (why == NULL || strstr(hg_lookup_state(l), why) == NULL || strstr(err.text, why) == NULL)
            fail_msg("unexpected: %s (state %s)", err.text, hg_lookup_state(l));
        assert_int_equal(strncmp(hg_lookup_state(l), "off: ", 5), 0);
        /* said once, and it goes on */
        assert_int_equal(hg_lookup_find(l, other, 77, &bytes, &size, &err), 0);
        return -1;
    }
    return rc;
}

static int store(const struct fixture *f, struct hg_lookup *l, const uint8_t *sha256, uint32_t kind)
{
    struct hg_error err;
    return hg_lookup_store(l, sha256, kind, f->encoded, f->size, &err);
}

static void fill(const struct fixture *f)
{
    struct hg_lookup *l = fresh(f, "rules-a", NULL);
    assert_int_equal(find(l, digest, 1, NULL), 0);
    assert_int_equal(store(f, l, digest, 1), 0);
    hg_lookup_close(l);
}

static void remembers(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    fill(f);
    struct hg_lookup *l = fresh(f, "rules-a", NULL);
    assert_int_equal(find(l, digest, 1, NULL), 1);
    assert_int_equal(find(l, digest, 2, NULL), 0); /* used as something else */
    assert_int_equal(find(l, other, 1, NULL), 0);
    assert_int_equal(strncmp(hg_lookup_state(l), "in use: ", 8), 0);
    hg_lookup_close(l);
    l = fresh(f, "rules-b", NULL); /* other rules would find other things */
    assert_int_equal(find(l, digest, 1, NULL), 0);
    hg_lookup_close(l);
    assert_int_equal(stat(f->cache, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(stat(f->db, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void memory_alone(void **state)
{
    struct fixture *f = *state;
    (void)unsetenv("HOME");
    struct hg_lookup *l = fresh(f, "rules-a", NULL);
    assert_int_equal(find(l, digest, 1, "HOME"), -1);
    assert_int_equal(store(f, l, digest, 1), 0);
    assert_int_equal(find(l, digest, 1, NULL), 1);
    hg_lookup_close(l);
}

static void damaged(void **state)
{
    struct fixture *f = *state;
    fill(f);
    int fd = open(f->db, O_WRONLY);
    char junk[4096];
    memset(junk, 'x', sizeof junk);
    assert_int_equal(write(fd, junk, sizeof junk), (ssize_t)sizeof junk);
    close(fd);
    struct hg_lookup *l = fresh(f, "rules-a", NULL);
    assert_int_equal(find(l, digest, 1, "not a database"), -1);
    assert_int_equal(store(f, l, digest, 1), 0);
    hg_lookup_close(l);
}

static void sql(const struct fixture *f, const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void foreign_entries(void **state)
{
    struct fixture *f = *state;
    fill(f);
    sql(f, "UPDATE verdicts SET findings = x'01000000ffffffff0000000000000000'");
    struct hg_lookup *l = fresh(f, "rules-a", NULL);
    assert_int_equal(find(l, digest, 1, "not what this version writes"), -1);
    hg_lookup_close(l);
    sql(f, "PRAGMA user_version = 9");
    l = fresh(f, "rules-a", NULL);
    assert_int_equal(find(l, digest, 1, "schema 9"), -1);
    hg_lookup_close(l);
}

static void locked(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db;
    fill(f);
    assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE t(x);",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    struct hg_lookup *l = fresh(f, "rules-a", NULL);
    int rc = find(l, digest, 1, "locked");
    assert_true(rc == -1 || rc == 1); /* WAL lets readers pass a writer */
    assert_int_equal(store(f, l, other, 1), 0);
    hg_lookup_close(l);
    sqlite3_close(db);
}

/* --- where it is not believed
 * ------------------------------------------------------------------------------------------- */

static void expect_refused(struct fixture *f, const char *cwd, const char *why)
{
    struct hg_lookup *l = fresh(f, "rules-a", cwd);
    assert_int_equal(find(l, digest, 1, why), -1);
    hg_lookup_close(l);
}

static void not_where_others_write(void **state)
{
    struct fixture *f = *state;
    fill(f);
    assert_int_equal(chmod(f->cache, 0770), 0);
    expect_refused(f, NULL, "writable by nobody else");
    assert_int_equal(chmod(f->cache, 0700), 0);
    assert_int_equal(chmod(f->db, 0666), 0);
    expect_refused(f, NULL, "only you can write");
    assert_int_equal(chmod(f->db, 0600), 0);
    char parent[PATH_MAX];
    join(parent, f->home, "/.cache");
    assert_int_equal(chmod(parent, 0777), 0);
    expect_refused(f, NULL, "others can write there");
    assert_int_equal(chmod(parent, 0700), 0);
    struct hg_lookup *l = fresh(f, "rules-a", NULL);
    assert_int_equal(find(l, digest, 1, NULL), 1);
    hg_lookup_close(l);
}

static void not_through_links(void **state)
{
    struct fixture *f = *state;
    char elsewhere[PATH_MAX], moved[PATH_MAX];
    fill(f);
    join(elsewhere, f->home, "/elsewhere");
    join(moved, f->home, "/verdicts");
    assert_int_equal(rename(f->db, moved), 0);
    assert_int_equal(symlink(moved, f->db), 0);
    expect_refused(f, NULL, "plain file");
    assert_int_equal(unlink(f->db), 0);
    assert_int_equal(link(moved, f->db), 0);
    expect_refused(f, NULL, "plain file");
    assert_int_equal(rename(f->cache, elsewhere), 0);
    assert_int_equal(symlink(elsewhere, f->cache), 0);
    expect_refused(f, NULL, f->cache);
}

static void not_where_remote_code_writes(void **state)
{
    struct fixture *f = *state;
    char below[PATH_MAX];
    struct hg_error err;
    fill(f);
    join(below, f->home, "/.cache");
    expect_refused(f, below, "the working directory");
    struct hg_lookup *l =
        fresh(f, "rules-a", f->home); /* the home directory has to be named to be writable */
    assert_int_equal(find(l, digest, 1, NULL), 1);
    hg_lookup_close(l);
    assert_int_equal(setenv("TMPDIR", f->home, 1), 0);
    expect_refused(f, NULL, "a temporary directory");
    (void)unsetenv("TMPDIR");
    assert_int_equal(setenv("XDG_CACHE_HOME", "/tmp", 1), 0);
    expect_refused(f, NULL, "a temporary directory");
    (void)rmdir("/tmp/hubguard");
    (void)unsetenv("XDG_CACHE_HOME");
    assert_int_equal(hg_policy_set(&f->policy, "fs", "write", below, "test", &err), 0);
    expect_refused(f, NULL, "a [fs] write path");
    assert_int_equal(hg_policy_set(&f->policy, "fs", "write", "cwd", "test", &err), 0);
    assert_int_equal(hg_roots_add(f->roots, below, HG_LOADER_EXTRA), 0);
    expect_refused(f, NULL, "a guarded directory");
}

static void bounded(void **state)
{
    struct fixture *f = *state;
    static struct hg_memo memo;
    uint8_t key[32] = {0};
    size_t size;
    for (uint32_t i = 0; i < 5 * HG_MEMO_SLOTS; i++) {
        memcpy(key, &i, sizeof i);
        hg_memo_put(&memo, key, 1, f->encoded, f->size);
        assert_non_null(hg_memo_find(&memo, key, 1, &size));
        assert_int_equal(size, f->size);
    }
    assert_true(memo.bytes <= HG_MEMO_SLOTS * f->size);
    hg_memo_clear(&memo);
    assert_int_equal(memo.bytes, 0);
    static struct hg_seen seen = {.seed = 42};
    for (uint64_t i = 1; i < 5 * HG_SEEN_SLOTS; i++) {
        uint64_t h = hg_seen_hash(seen.seed, &i, sizeof i);
        assert_false(hg_seen_before(&seen, h));
        assert_true(hg_seen_before(&seen, h));
    }
}

int main(void)
{
    const char *home = getenv("HOME");
    if (home != NULL && strlen(home) < sizeof first_home)
        memcpy(first_home, home, strlen(home) + 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(remembers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damaged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(foreign_entries, set_up, tear_down),
        cmocka_unit_test_setup_teardown(locked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(not_where_others_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(not_through_links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(not_where_remote_code_writes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bounded, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
