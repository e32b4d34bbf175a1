/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/roots.h"

struct variable {
    const char *name, *value;
};

static const char *from_table(const char *name, void *ctx)
{
    for (const struct variable *v = ctx; v->name != NULL; v++)
        if (strcmp(v->name, name) == 0)
            return v->value;
    return NULL;
}

/* 200 KB: not on the stack of every test. */
static struct hg_roots roots;

static int setup(void **state)
{
    (void)state;
    memset(&roots, 0, sizeof roots);
    return 0;
}

static void clean_paths(void **state)
{
    (void)state;
    static const struct {
        const char *path, *cwd, *clean;
    } cases[] = {
        {"/", NULL, "/"},
        {"//", NULL, "/"},
        {"/.", NULL, "/"},
        {"/..", NULL, "/"},
        {"/a//b/", NULL, "/a/b"},
        {"/a/./b", NULL, "/a/b"},
        {"/a/../b", NULL, "/b"},
        {"/a/b/../..", NULL, "/"},
        {"/../../x", NULL, "/x"},
        {"/...", NULL, "/..."},
        {"/.a/..b", NULL, "/.a/..b"},
        {"x", "/c/d", "/c/d/x"},
        {"../x", "/c/d", "/c/x"},
        {"", "/c/d", "/c/d"},
        {"x", "/", "/x"},
        {"./../..", "/c", "/"},
    };
    char out[PATH_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(hg_path_clean(cases[i].path, cases[i].cwd, out, sizeof out), strlen(cases[i].clean));
        assert_string_equal(out, cases[i].clean);
        bool same = strcmp(cases[i].path, cases[i].clean) == 0;
        assert_int_equal(hg_path_is_clean(cases[i].path), same);
        assert_true(hg_path_is_clean(cases[i].clean));
    }
    char here[PATH_MAX];
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(hg_path_clean(".", NULL, out, sizeof out), strlen(here));
    assert_string_equal(out, here);
}

static void clean_never_writes_past_the_end(void **state)
{
    (void)state;
    char out[8];
    memset(out, 'x', sizeof out);
    assert_int_equal(hg_path_clean("/abc", NULL, out, 4), -ENAMETOOLONG);
    assert_int_equal(out[4], 'x');
    assert_int_equal(hg_path_clean("/abc", NULL, out, 5), 4);
    assert_string_equal(out, "/abc");
    assert_int_equal(hg_path_clean("/", NULL, out, 1), -ENAMETOOLONG);
    assert_int_equal(hg_path_clean("/", NULL, out, 2), 1);
}

/* A scratch directory, its real path in `place`. */
static void scratch(char place[PATH_MAX])
{
    char name[] = "/tmp/hubguard-roots-XXXXXX";
    assert_non_null(mkdtemp(name));
    assert_non_null(realpath(name, place));
}

static void link_at(const char *place, const char *name, const char *target)
{
    char path[PATH_MAX + 64];
    (void)snprintf(path, sizeof path, "%s/%s", place, name);
    assert_int_equal(symlink(target, path), 0);
}

static void resolve_follows_as_the_kernel_does(void **state)
{
    (void)state;
    char place[PATH_MAX], path[PATH_MAX + 64], want[PATH_MAX + 64], out[PATH_MAX];
    scratch(place);
    (void)snprintf(path, sizeof path, "%s/real", place);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/real/deep", place);
    assert_int_equal(mkdir(path, 0700), 0);
    link_at(place, "link", "real/deep");
    link_at(place, "chain", "link");
    link_at(place, "loop", "loop");
    (void)snprintf(path, sizeof path, "%s/real", place);
    link_at(place, "real/deep/absolute", path);
    static const struct {
        const char *path, *resolved;
    } cases[] = {{"link", "real/deep"},           {"chain/x/y", "real/deep/x/y"},
                 {"link/../up", "real/up"},       {"link/./..//deep", "real/deep"},
                 {"missing/a/../b", "missing/b"}, {"real/", "real"},
                 {"link/absolute/z", "real/z"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", place, cases[i].path);
        (void)snprintf(want, sizeof want, "%s/%s", place, cases[i].resolved);
        assert_int_equal(hg_path_resolve(path, out, sizeof out), strlen(want));
        assert_string_equal(out, want);
    }
    (void)snprintf(path, sizeof path, "%s/loop/x", place);
    assert_int_equal(hg_path_resolve(path, out, sizeof out), -ELOOP);
    assert_int_equal(hg_path_resolve("/a/b/c", out, 6), -ENAMETOOLONG);

    /* Under a root that is spelled over a link, both places are guarded. */
    (void)snprintf(path, sizeof path, "%s/link/../up", place);
    assert_int_equal(hg_roots_add(&roots, path, HG_LOADER_EXTRA), 0);
    assert_int_equal(roots.count, 2);
    (void)snprintf(path, sizeof path, "%s/up/f.py", place);
    assert_non_null(hg_roots_match(&roots, path));
    (void)snprintf(path, sizeof path, "%s/real/up/f.py", place);
    assert_non_null(hg_roots_match(&roots, path));
    (void)snprintf(path, sizeof path, "rm -rf '%s'", place);
    assert_int_equal(system(path), 0);
}

/* From a copy of its exact size, so that a sanitizer sees a look behind its end. */
static const char *match(const char *path)
{
    char *copy = strdup(path);
    assert_non_null(copy);
    const struct hg_root *root = hg_roots_match(&roots, copy);
    free(copy);
    return root != NULL ? root->path : "-";
}

static void match_is_by_component_and_longest(void **state)
{
    (void)state;
    assert_null(hg_roots_match(&roots, "/any"));
    static const char *const added[] = {"/z/hub", "/z", "/z/hub/deep/er", "/q/x", "/a"};
    for (size_t i = 0; i < sizeof added / sizeof added[0]; i++)
        assert_int_equal(hg_roots_add(&roots, added[i], HG_LOADER_HF_HUB), 0);
    static const struct {
        const char *path, *root;
    } cases[] = {{"/z/hub", "/z/hub"},
                 {"/z/hub/f.py", "/z/hub"},
                 {"/z/hubx/f.py", "/z"},
                 {"/zz", "-"},
                 {"/z", "/z"},
                 {"/z/hub/deep/f", "/z/hub"},
                 {"/z/hub/deep/er/f", "/z/hub/deep/er"},
                 {"/q/x/y", "/q/x"},
                 {"/q", "-"},
                 {"/q/", "-"},
                 {"/q/xy", "-"},
                 {"/", "-"},
                 {"", "-"},
                 {"/ab", "-"},
                 {"/a/b", "/a"},
                 {"/usr/lib/python3", "-"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(match(cases[i].path), cases[i].root);
}

static void the_root_directory_holds_everything(void **state)
{
    (void)state;
    assert_int_equal(hg_roots_add(&roots, "/opt/hub", HG_LOADER_HF_HUB), 0);
    assert_int_equal(hg_roots_add(&roots, "/", HG_LOADER_EXTRA), 0);
    assert_string_equal(match("/etc/x"), "/");
    assert_string_equal(match("/"), "/");
    assert_string_equal(match("/opt/hub/x"), "/opt/hub");
}

/* The same answers as the obvious loop, over every combination of some roots and paths. */
static void match_agrees_with_the_plain_way(void **state)
{
    (void)state;
    static const char *const pool[] = {"/home/u/.cache/huggingface/hub",
                                       "/home/u/.cache/huggingface/modules",
                                       "/home/u/.cache/torch/hub",
                                       "/home/u",
                                       "/data",
                                       "/da",
                                       "/home/u/.cache/t"};
    for (unsigned set = 0; set < 128; set++) {
        memset(&roots, 0, sizeof roots);
        for (unsigned i = 0; i < 7; i++)
            if ((set >> i) & 1)
                assert_int_equal(hg_roots_add(&roots, pool[i], HG_LOADER_EXTRA), 0);
        for (unsigned i = 0; i < 7; i++) {
            for (unsigned tail = 0; tail < 3; tail++) {
                static const char *const tails[] = {"", "/x", "x"};
                char path[256];
                const char *want = "-";
                (void)snprintf(path, sizeof path, "%s%s", pool[i], tails[tail]);
                for (unsigned k = 0; k < 7; k++) {
                    size_t n = strlen(pool[k]);
                    if (((set >> k) & 1) && strncmp(path, pool[k], n) == 0 &&
                        (path[n] == '/' || path[n] == '\0') && (want[0] == '-' || n > strlen(want)))
                        want = pool[k];
                }
                assert_string_equal(match(path), want);
            }
        }
    }
}

static void resolving_twice_adds_only_what_is_new(void **state)
{
    (void)state;
    struct variable env[] = {{"HOME", "/h"}, {"HF_HOME", "/one"}, {NULL, NULL}};
    assert_int_equal(hg_roots_resolve(&roots, from_table, env), 0);
    size_t before = roots.count;
    assert_int_equal(hg_roots_resolve(&roots, from_table, env), 0);
    assert_int_equal(roots.count, before);
    env[1].value = "/two";
    assert_int_equal(hg_roots_resolve(&roots, from_table, env), 0);
    assert_string_equal(match("/one/hub/x"), "/one/hub");
    assert_string_equal(match("/two/modules/x"), "/two/modules");
    assert_string_equal(match("/two/token"), "-");
    assert_int_equal(hg_roots_match(&roots, "/h/.cache/torch/hub/a")->loader, HG_LOADER_TORCH_HUB);
    assert_int_equal(hg_roots_match(&roots, "/two/modules")->loader, HG_LOADER_HF_MODULES);
}

static void what_does_not_fit_is_said(void **state)
{
    (void)state;
    static char list[20000], huge[PATH_MAX + 10];
    char *end = list;
    for (int i = 0; i < 1000; i++)
        end += snprintf(end, sizeof list - (size_t)(end - list), "/root%d:", i);
    struct variable env[] = {{"HOME", "/h"}, {"HUBGUARD_ROOTS", list}, {NULL, NULL}};
    assert_int_equal(hg_roots_resolve(&roots, from_table, env), -ENOSPC);
    assert_int_equal(roots.overflow, 1);
    assert_int_equal(roots.count, HG_ROOTS_MAX);

    memset(&roots, 0, sizeof roots);
    memset(huge, 'a', sizeof huge - 1);
    huge[0] = '/';
    env[1] = (struct variable){"HF_HUB_CACHE", huge};
    assert_int_equal(hg_roots_resolve(&roots, from_table, env), -ENOSPC);
    assert_int_equal(roots.overflow, 1);
    assert_non_null(hg_roots_match(&roots, "/h/.cache/torch/hub/x"));
}

static void variables_that_matter(void **state)
{
    (void)state;
    static const char *const yes[] = {
        "HF_HOME",        "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_MODULES_CACHE", "HOME",
        "XDG_CACHE_HOME", "TORCH_HOME",   "TRANSFORMERS_CACHE",    "KERNELS_CACHE",    "HUBGUARD_ROOTS"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        assert_true(hg_roots_variable(yes[i]));
    assert_false(hg_roots_variable("PATH"));
    assert_false(hg_roots_variable(""));
    struct variable env[] = {{"HOME", "/h"}, {"HF_HOME", "$ANY/x"}, {"ANY", "/any"}, {NULL, NULL}};
    assert_int_equal(hg_roots_resolve(&roots, from_table, env), 0);
    assert_int_equal(roots.expands, 1);
    assert_string_equal(match("/any/x/hub/y"), "/any/x/hub");
}

static void loaders_have_names(void **state)
{
    (void)state;
    for (int i = 0; i < HG_LOADER_COUNT; i++)
        assert_string_not_equal(hg_loader_name((enum hg_loader)i), "unknown");
    assert_string_equal(hg_loader_name(HG_LOADER_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(clean_paths, setup),
        cmocka_unit_test_setup(clean_never_writes_past_the_end, setup),
        cmocka_unit_test_setup(resolve_follows_as_the_kernel_does, setup),
        cmocka_unit_test_setup(match_is_by_component_and_longest, setup),
        cmocka_unit_test_setup(the_root_directory_holds_everything, setup),
        cmocka_unit_test_setup(match_agrees_with_the_plain_way, setup),
        cmocka_unit_test_setup(resolving_twice_adds_only_what_is_new, setup),
        cmocka_unit_test_setup(what_does_not_fit_is_said, setup),
        cmocka_unit_test_setup(variables_that_matter, setup),
        cmocka_unit_test_setup(loaders_have_names, setup),
    };
    return cmocka_run_group_tests_name("roots", tests, NULL, NULL);
}
