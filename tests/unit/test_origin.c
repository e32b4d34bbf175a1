/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/origin.h"
#include "policy/origin_cache.h"

#define SHA   "0123456789abcdef0123456789abcdef01234567"
#define OTHER "fedcba9876543210fedcba9876543210fedcba98"
#define LONG  SHA "0123456789abcdef01234567"

static char place[64];

/* A cache as the loaders leave it: names and links, no contents. */
static int make_cache(void **state)
{
    (void)state;
    char command[2048];
    (void)snprintf(place, sizeof place, "/tmp/hubguard-origin-XXXXXX");
    if (mkdtemp(place) == NULL)
        return -1;
    (void)setenv("HF_HOME", place, 1);
    (void)unsetenv("HF_HUB_CACHE");
    (void)snprintf(command, sizeof command,
                   "cd '%s' && mkdir -p hub/models--acme--Ling-mini-2.0/{blobs,snapshots/" SHA
                   "/sub} modules "
                   "hub/models--gpt2/snapshots/" OTHER " hub/models--acme--a.b/snapshots/" OTHER
                   " hub/models--acme--a_dot_b/snapshots/" OTHER " hub/models--7up--x/snapshots/" SHA
                   " torch/hub/own_my_repo_v1_2 torch/hub/o_r_main && "
                   "ln -s ../../../blobs/b1 hub/models--acme--Ling-mini-2.0/snapshots/" SHA "/sub/deep.py && "
                   "ln -s ../../blobs/b2 hub/models--acme--Ling-mini-2.0/snapshots/" SHA "/top.py && "
                   "printf 'own_my\\nown_my_repo\\n' > torch/hub/trusted_list",
                   place);
    char shell[2200];
    (void)snprintf(shell, sizeof shell, "bash -c \"%s\"", command);
    return system(shell);
}

static int remove_cache(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", place);
    return system(command);
}

/* Paths below `place`; NULL or "" where nothing is known. */
struct row {
    const char *path, *resolved, *root;
    const char *platform, *repository, *revision, *file;
    int pinned, guessed;
};

static const char *below(const char *name, char out[PATH_MAX])
{
    if (name == NULL)
        return NULL;
    (void)snprintf(out, PATH_MAX, "%s/%s", place, name);
    return out;
}

static void check(const struct row *rows, size_t count)
{
    static char path[PATH_MAX], resolved[PATH_MAX], root[PATH_MAX];
    for (size_t i = 0; i < count; i++) {
        const struct row *r = &rows[i];
        struct hg_origin o;
        memset(&o, 0x5a, sizeof o);
        hg_origin_of(below(r->path, path), below(r->resolved, resolved), below(r->root, root), &o);
        assert_string_equal(o.platform, r->platform);
        assert_string_equal(o.repository, r->repository);
        assert_string_equal(o.revision, r->revision);
        assert_string_equal(o.file, r->file != NULL ? r->file : path);
        assert_int_equal(o.pinned, r->pinned);
        assert_int_equal(o.guessed, r->guessed);
    }
}

#define HUB  "hub/models--acme--Ling-mini-2.0/"
#define TM   "modules/transformers_modules/"
#define LING "acme/Ling-mini-2.0"

static void hub_cache_paths(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {HUB "snapshots/" SHA "/top.py", NULL, "hub", "huggingface", LING, SHA, "top.py", 1, 0},
        {HUB "snapshots/" SHA "/sub/deep.py", HUB "blobs/b1", "hub", "huggingface", LING, SHA, "sub/deep.py",
         1, 0},
        {HUB "snapshots/main/x.py", NULL, "hub", "huggingface", LING, "main", "x.py", 0, 0},
        {HUB "blobs/b1", HUB "blobs/b1", "hub", "huggingface", LING, SHA, "sub/deep.py", 1, 0},
        {HUB "blobs/b2", NULL, "hub", "huggingface", LING, SHA, "top.py", 1, 0},
        {HUB "blobs/b3", NULL, "hub", "huggingface", LING, "", NULL, 0, 0},
        /* A link from outside: where it leads says what it is. */
        {"mine.py", HUB "blobs/b2", "hub", "huggingface", LING, SHA, "top.py", 1, 0},
        {"hub/models--gpt2/snapshots/" SHA "/m.py", NULL, "hub", "huggingface", "gpt2", SHA, "m.py", 1, 0},
        {"hub/datasets--o--d/snapshots/" SHA "/d.py", NULL, "hub", "huggingface", "datasets/o/d", SHA, "d.py",
         1, 0},
        {"hub/spaces--o--s/snapshots/" SHA "/s.py", NULL, "hub", "huggingface", "spaces/o/s", SHA, "s.py", 1,
         0},
        {"hub/kernels--o--k/snapshots/" SHA "/build/v/__init__.py", NULL, "hub", "huggingface", "kernels/o/k",
         SHA, "build/v/__init__.py", 1, 0},
        {"hub/.locks/x", NULL, "hub", "", "", "", NULL, 0, 0},
        /* A repository cannot pass for another one by its folders' names. */
        {HUB "snapshots/" SHA "/models--good--one/snapshots/" OTHER "/x.py", NULL, "hub", "huggingface", LING,
         SHA, "models--good--one/snapshots/" OTHER "/x.py", 1, 0},
        {"elsewhere/x.py", NULL, "hub", "", "", "", NULL, 0, 0},
        {"hubx/models--a--b/snapshots/" SHA "/x.py", NULL, "hub", "", "", "", NULL, 0, 0},
    };
    check(rows, sizeof rows / sizeof rows[0]);

    struct hg_origin o;
    char path[PATH_MAX];
    /* An extra root that holds a whole cache home, and one that holds everything. */
    hg_origin_of(below(HUB "snapshots/" SHA "/top.py", path), NULL, place, &o);
    assert_string_equal(o.repository, LING);
    assert_string_equal(o.file, "top.py");
    hg_origin_of("/x/models--a--b/snapshots/" SHA "/f.py", NULL, "/", &o);
    assert_string_equal(o.repository, "a/b");
    hg_origin_of("/x/f.py", NULL, NULL, &o);
    assert_string_equal(o.repository, "");
    assert_string_equal(o.file, "/x/f.py");
}

static void modules_cache_paths(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {TM "acme/Ling_hyphen_mini_hyphen_2_dot_0/" SHA "/m.py", NULL, "modules", "huggingface", LING, SHA,
         "m.py", 1, 0},
        {TM "acme/Ling-mini-2.0/" SHA "/a/m.py", NULL, "modules", "huggingface", LING, SHA, "a/m.py", 1, 0},
        {TM "_7up/x/" SHA "/m.py", NULL, "modules", "huggingface", "7up/x", SHA, "m.py", 1, 0},
        {TM "gpt2/" OTHER "/m.py", NULL, "modules", "huggingface", "gpt2", OTHER, "m.py", 1, 0},
        /* Both a.b and a_dot_b are in the cache with this commit: no certainty. */
        {TM "acme/a_dot_b/" OTHER "/m.py", NULL, "modules", "huggingface", "acme/a.b", OTHER, "m.py", 1, 1},
        /* Not in the cache: the name that the escaping most likely stands for, or that needs no undoing. */
        {TM "x/y_hyphen_z/" SHA "/m.py", NULL, "modules", "huggingface", "x/y-z", SHA, "m.py", 1, 1},
        {TM "x/plain/" SHA "/m.py", NULL, "modules", "huggingface", "x/plain", SHA, "m.py", 1, 0},
        /* Local directories: unknown, unless the directory was a snapshot. */
        {TM "mymodel/0123456789abcdef/m.py", NULL, "modules", "huggingface", "", "", NULL, 0, 0},
        {TM "mymodel/m.py", NULL, "modules", "huggingface", "", "", NULL, 0, 0},
        {TM "__init__.py", NULL, "modules", "huggingface", "", "", NULL, 0, 0},
        {"modules/diffusers_modules/local/o--n/" SHA "/p.py", NULL, "modules", "huggingface", "o/n", SHA,
         "p.py", 1, 0},
        {"modules/diffusers_modules/local/p.py", NULL, "modules", "huggingface", "", "", NULL, 0, 0},
        {"modules/datasets_modules/datasets/o--d/" LONG "/d.py", NULL, "modules", "huggingface",
         "datasets/o/d", "", "d.py", 0, 0},
        {"modules/evaluate_modules/metrics/o--m/" LONG "/m.py", NULL, "modules", "huggingface", "spaces/o/m",
         "", "m.py", 0, 0},
    };
    check(rows, sizeof rows / sizeof rows[0]);
}

static void a_snapshot_loaded_as_a_local_directory(void **state)
{
    (void)state;
    char command[256];
    (void)snprintf(command, sizeof command, "rm -r '%s/hub/models--7up--x'", place);
    assert_int_equal(system(command), 0);
    static const struct row rows[] = {
        {TM "_" SHA "/0123456789abcdef/m.py", NULL, "modules", "huggingface", LING, SHA, "m.py", 1, 0},
        {TM SHA "/m.py", NULL, "modules", "huggingface", LING, SHA, "m.py", 1, 0},
        {TM OTHER "/0123456789abcdef/m.py", NULL, "modules", "huggingface", "", "", NULL, 0, 0},
    };
    check(rows, sizeof rows / sizeof rows[0]);
}

static void torch_hub_paths(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"torch/hub/o_r_main/hubconf.py", NULL, "torch/hub", "torchhub", "o/r", "main", "hubconf.py", 0, 0},
        {"torch/hub/own_my_repo_v1_2/models/a.py", NULL, "torch/hub", "torchhub", "own/my_repo", "v1_2",
         "models/a.py", 0, 0},
        {"torch/hub/not_in_the_list/hubconf.py", NULL, "torch/hub", "torchhub", "not/in_the", "list",
         "hubconf.py", 0, 1},
        {"torch/hub/o_r_" SHA "/hubconf.py", NULL, "torch/hub", "torchhub", "o/r", SHA, "hubconf.py", 1, 0},
        {"torch/hub/o-r-abcdef0/hubconf.py", NULL, "torch/hub", "torchhub", "", "", NULL, 0, 0},
        {"torch/hub/checkpoints/w.pth", NULL, "torch/hub", "", "", "", NULL, 0, 0},
        {"torch/hub/main.zip", NULL, "torch/hub", "", "", "", NULL, 0, 0},
    };
    check(rows, sizeof rows / sizeof rows[0]);
}

#define LIST(folder, text, length)                                                                           \
    {                                                                                                        \
        folder, text, sizeof text - 1, length                                                                \
    }

/* torch.hub's list is a file that anybody may have written. */
static void trusted_lists(void **state)
{
    (void)state;
    static const struct {
        const char *folder, *text;
        size_t size, expected;
    } rows[] = {
        LIST("own_my_repo_v1", "own_my\nown_my_repo\nown\n", 11),
        LIST("own_my_repo_v1", "own_my_repo \r\n", 11),
        LIST("own_my_repo_v1", "own_my_repo", 11),
        LIST("own_my_repo_v1", "own_my_repo_v1\nown_my_repo_v\n\n", 0),
        LIST("own_my_", "own_my\n", 0),
        LIST("own_my_x", "", 0),
        LIST("own_my", "own_my\0_and_what_lies_behind_the_name\n", 0),
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *folder = strdup(rows[i].folder);
        assert_non_null(folder);
        if (hg_cache_trusted_prefix(rows[i].text, rows[i].size, folder) != rows[i].expected)
            fail_msg("row %zu", i);
        free(folder);
    }
}

static void names_that_are_too_long(void **state)
{
    (void)state;
    static char path[PATH_MAX * 2];
    struct hg_origin o;
    (void)snprintf(path, sizeof path, "/r/models--%0300d--x/snapshots/" SHA "/f.py", 0);
    hg_origin_of(path, NULL, "/r", &o);
    assert_string_equal(o.repository, "");
    (void)snprintf(path, sizeof path, "/r/models--a--b/snapshots/%0300d/f.py", 0);
    hg_origin_of(path, NULL, "/r", &o);
    assert_string_equal(o.revision, "");
    (void)snprintf(path, sizeof path, "/r/%06000d", 0);
    hg_origin_of(path, path, "/r", &o);
    assert_int_equal(strlen(o.file), PATH_MAX - 1);
}

static void blobs_are_named_by_their_bytes(void **state)
{
    (void)state;
    /* `printf hello | git hash-object --stdin`, and sha256sum of the same. */
    assert_int_equal(
        hg_origin_blob_matches("/r/models--a--b/blobs/b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0", "hello", 5),
        1);
    assert_int_equal(
        hg_origin_blob_matches("/r/models--a--b/blobs/b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0", "hellO", 5),
        0);
    assert_int_equal(
        hg_origin_blob_matches("/b/blobs/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
                               "hello", 5),
        1);
    assert_int_equal(hg_origin_blob_matches(
                         "/b/blobs/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", "", 0),
                     0);
    assert_int_equal(hg_origin_blob_matches("/b/blobs/e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", "", 0), 1);
    assert_int_equal(hg_origin_blob_matches("/b/other/e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", "", 0), -1);
    assert_int_equal(hg_origin_blob_matches("/b/blobs/readme", "", 0), -1);
    assert_int_equal(hg_origin_blob_matches("blobs", "", 0), -1);
    assert_int_equal(hg_origin_blob_matches(NULL, "", 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hub_cache_paths, make_cache, remove_cache),
        cmocka_unit_test_setup_teardown(modules_cache_paths, make_cache, remove_cache),
        cmocka_unit_test_setup_teardown(a_snapshot_loaded_as_a_local_directory, make_cache, remove_cache),
        cmocka_unit_test_setup_teardown(torch_hub_paths, make_cache, remove_cache),
        cmocka_unit_test(trusted_lists),
        cmocka_unit_test(names_that_are_too_long),
        cmocka_unit_test(blobs_are_named_by_their_bytes),
    };
    return cmocka_run_group_tests_name("origin", tests, NULL, NULL);
}
