/* SPDX-License-Identifier: Apache-2.0 */
/* What the words of the policy become. Each case of the table is checked twice: what the decision says, and
 * what the kernel does to a child under the ruleset. */
#include "tests/unit/cage_tree.h"

/* --- the table --- */

/* cwd = home/proj, TMPDIR = tmp, exec = python and bin/ */
static const struct table_case table[] = {
    {READ_IT, "home/doc/readme", NULL, true, 0},
    {READ_IT, "/etc/passwd", NULL, true, 0},
    {READ_IT, "/proc/self/status", NULL, true, 0},
    {READ_IT, "home/.config/app/ini", NULL, true, 0},
    {READ_IT, "home/.ssh/id", NULL, false, 0},
    {READ_IT, "home/.ssh/old/id", NULL, false, 0},
    {READ_IT, "home/.netrc", NULL, false, 0},
    {READ_IT, "home/.config/gcloud/token", NULL, false, 0},
    {READ_IT, "home/keys/real", NULL, false, 0}, /* home/.aws is a link to it */
    {READ_IT, "home/.aws/real", NULL, false, 0},
    {READ_IT, "other/to-id", NULL, false, 0},
    {READ_IT, "to-ssh/id", NULL, false, 0},
    {READ_IT, "to-ssh/old/../id", NULL, false, 0},
    {WRITE_IT, "home/proj/train.py", NULL, true, 0},
    {UPDATE_IT, "home/proj/sub/data", NULL, true, 0},
    {WRITE_IT, "tmp/scratch", NULL, true, 0},
    {WRITE_IT, "/dev/null", NULL, true, 0},
    {UPDATE_IT, "/dev/zero", NULL, true, 0},
    {WRITE_IT, "out/log", NULL, true, 0}, /* named */
    {WRITE_IT, "out/other", NULL, false, 0},
    {WRITE_IT, "home/doc/readme", NULL, false, 0},
    {WRITE_IT, "home/.ssh/id", NULL, false, 0},
    {WRITE_IT, "/proc/self/comm", NULL, false, 0},
    {WRITE_IT, "home/.cache/hubguard/verdicts", NULL, false, 0},
    {OPEN_TRUNCATE, "home/doc/readme", NULL, false, 0},
    {OPEN_TRUNCATE, "home/proj/train.py", NULL, true, 0},
    {TRUNCATE_IT, "home/doc/readme", NULL, false, 3},
    {TRUNCATE_IT, "home/proj/train.py", NULL, true, 0},
    {TRUNCATE_IT, "out/log", NULL, true, 0},
    {CREATE_IT, "home/proj/new", NULL, true, 0},
    {CREATE_IT, "home/.cache/huggingface/hub/new", NULL, true, 0},
    {CREATE_IT, "home/.cache/huggingface/modules/new", NULL, true, 0},
    {CREATE_IT, "home/.cache/torch/hub", NULL, true, 0},
    {CREATE_IT, "home/.cache/vllm/new", NULL, true, 0},
    {CREATE_IT, "home/.cache/new", NULL, false, 0},
    {CREATE_IT, "home/.cache/hubguard/new", NULL, false, 0},
    {CREATE_IT, "home/new", NULL, false, 0},
    {CREATE_IT, "tmp/new", NULL, true, 0},
    {CREATE_IT, "/var/tmp/hubguard-test-new", NULL, true, 0},
    {CREATE_IT, "/dev/hubguard-test-new", NULL, false, 0},
    {CREATE_IT, "to-ssh/new", NULL, false, 0},
    {UNLINK_IT, "tmp/scratch", NULL, true, 0},
    {UNLINK_IT, "home/doc/readme", NULL, false, 0},
    {UNLINK_IT, "home/.ssh/id", NULL, false, 0},
    {MKDIR_IT, "home/proj/new", NULL, true, 0},
    {MKDIR_IT, "home/new", NULL, false, 0},
    {RMDIR_IT, "other/dir", NULL, false, 0},
    {SYMLINK_IT, "tmp/link", "x", true, 0},
    {SYMLINK_IT, "home/link", "x", false, 0},
    {FIFO_IT, "tmp/fifo", NULL, true, 0},
    {FIFO_IT, "out/fifo", NULL, false, 0},
    {RENAME_IT, "home/proj/train.py", "home/proj/moved", true, 0},
    {RENAME_IT, "home/proj/train.py", "tmp/moved", true, 2},
    {RENAME_IT, "home/proj/train.py", "home/moved", false, 0},
    {RENAME_IT, "home/.ssh/id", "home/proj/id", false, 0},
    {RENAME_IT, "home/.ssh", "tmp/ssh", false, 0},
    {RENAME_IT, "bin/true", "tmp/true2", false, 0},
    {RENAME_IT, "tmp/true", "bin/true2", false, 0},
    {RENAME_IT, "tmp/true", "env/bin/python3", false, 0},
    {LINK_IT, "tmp/scratch", "home/proj/hard", true, 2},
    {LINK_IT, "home/.ssh/id", "home/proj/hard", false, 0},
    {LINK_IT, "home/.netrc", "tmp/hard", false, 0},
    {LINK_IT, "tmp/true", "bin/hard", false, 0},
    {EXEC_IT, "env/bin/python3", NULL, true, 0},
    {EXEC_IT, "bin/true", NULL, true, 0},
    {EXEC_IT, "bin/also-true", NULL, true, 0},
    {EXEC_IT, "tmp/true", NULL, false, 0},
    {EXEC_IT, "/bin/sh", NULL, false, 0},
    {EXEC_IT, "/bin/true", NULL, false, 0},
};

/* Every ABI that this kernel has: a newer kernel does what an older one did. */
static void decision_and_kernel_agree(void **state)
{
    (void)state;
    static const struct set_up changes[] = {DENY,
                                            {"fs", "write", "cwd tmp cache @/out/log @/missing"},
                                            {"exec", "allow", "python @/bin @/missing"}};
    struct hg_places places;
    if (machine.landlock_abi == 0)
        skip();
    make_file("home/.cache/hubguard/verdicts", "text\n");
    assert_int_equal(find_at(changes, 3, plain, "home/proj", &places), 0);
    for (int abi = 1; abi <= machine.landlock_abi && abi <= 6; abi++)
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
            check_case(&places, &table[i], abi);
    hg_places_free(&places);
}

/* --- what is found --- */

static void working_directory(void **state)
{
    (void)state;
    static const struct {
        const char *cwd;
        bool found;
    } cases[] = {{"home/proj", true}, {"home", false}, {"", false},
                 {"/", false},        {"out", true},   {"nothing", false}};
    static const struct set_up cwd[] = {{"fs", "write", "cwd"}}, named[] = {{"fs", "write", "cwd @/home"}};
    struct hg_places places;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(find_at(cwd, 1, plain, cases[i].cwd, &places), 0);
        assert_int_equal(in_list(&places.write, cases[i].cwd), cases[i].found);
        hg_places_free(&places);
    }
    assert_int_equal(find_at(named, 1, plain, "home", &places), 0);
    assert_true(in_list(&places.write, "home"));
    hg_places_free(&places);
}

static void temporary_directory(void **state)
{
    (void)state;
    static const struct {
        struct environment env[4];
        const char *wanted;
    } cases[] = {{{{"HOME", "home"}, {"TMPDIR", "tmp"}}, "tmp"},
                 {{{"HOME", "home"}, {"TMPDIR", "nothing"}, {"TMP", "out"}}, "out"},
                 {{{"HOME", "home"}, {"TMPDIR", "out/log"}}, "/tmp"},
                 {{{"HOME", "home"}, {"TMPDIR", "home"}}, "/tmp"},
                 {{{"HOME", "home"}, {"TMPDIR", "/"}}, "/tmp"},
                 {{{"HOME", "home"}}, "/tmp"}};
    static const struct set_up tmp[] = {{"fs", "write", "tmp"}};
    struct hg_places places;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(find_at(tmp, 1, cases[i].env, "home/proj", &places), 0);
        assert_true(in_list(&places.write, cases[i].wanted));
        assert_true(in_list(&places.write, "/dev/shm") || access("/dev/shm", F_OK) != 0);
        assert_false(in_list(&places.write, "home"));
        assert_false(in_list(&places.write, "/"));
        hg_places_free(&places);
    }
}

static void caches(void **state)
{
    (void)state;
    static const struct set_up cache[] = {{"fs", "write", "cache"}};
    static const struct environment moved[] = {{"HOME", "home"},
                                               {"HF_HOME", "home/hf"},
                                               {"TORCH_HOME", "home"},
                                               {"TRITON_CACHE_DIR", "home/data"},
                                               {"MPLCONFIGDIR", "/"},
                                               {"CUDA_CACHE_PATH", "home/.cache"},
                                               {NULL, NULL}};
    static const struct environment inside[] = {
        {"HOME", "home"}, {"HF_HOME", "home/.cache/hubguard/x"}, {NULL, NULL}};
    static const struct environment blocked[] = {{"HOME", "home"}, {"HF_HOME", "out/log/hf"}, {NULL, NULL}};
    static const struct environment expanding[] = {
        {"HOME", "home"}, {"HF_HOME", "home/proj/$SCRATCH/hf"}, {NULL, NULL}};
    struct hg_places places;
    struct stat st;

    assert_int_equal(find_at(cache, 1, plain, "home/proj", &places), 0);
    assert_true(in_list(&places.write, "home/.cache/huggingface"));
    assert_true(in_list(&places.write, "home/.cache/huggingface/hub"));
    assert_true(in_list(&places.write, "home/.cache/torch"));
    assert_true(in_list(&places.write, "home/.cache/vllm"));
    assert_false(in_list(&places.write, "home/.cache"));
    assert_false(in_list(&places.write, "home/.triton"));
    assert_false(hg_places_may_write(&places, at("home/.cache/hubguard")));
    hg_places_free(&places);

    assert_int_equal(find_at(cache, 1, moved, "home/proj", &places), 0);
    assert_int_equal(stat(at("home/hf/modules"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_true(in_list(&places.write, "home/hf/hub"));
    assert_true(in_list(&places.write, "home/data"));
    assert_false(in_list(&places.write, "home"));
    assert_false(in_list(&places.write, "home/.cache"));
    assert_false(in_list(&places.write, "/"));
    hg_places_free(&places);

    assert_int_equal(find_at(cache, 1, inside, "home/proj", &places), 0);
    assert_false(hg_places_may_write(&places, at("home/.cache/hubguard/x")));
    assert_int_not_equal(stat(at("home/.cache/hubguard/x"), &st), 0);
    hg_places_free(&places);

    assert_int_equal(find_at(cache, 1, expanding, "home/proj", &places), 0);
    assert_int_not_equal(stat(at("home/proj/$SCRATCH"), &st), 0);
    hg_places_free(&places);

    assert_int_equal(find_at(cache, 1, blocked, "home/proj", &places), 0);
    assert_false(in_list(&places.write, "out/log/hf"));
    hg_places_free(&places);
}

/* Roots that the user added are for reading; the loaders' own are written. */
static void roots_of_the_loaders(void **state)
{
    (void)state;
    static struct hg_roots roots;
    struct hg_policy policy;
    struct hg_places places;
    assert_int_equal(hg_policy_default(&policy, &err), 0);
    assert_int_equal(hg_roots_add(&roots, at("home/data"), HG_LOADER_HF_HUB), 0);
    assert_int_equal(hg_roots_add(&roots, at("other"), HG_LOADER_EXTRA), 0);
    assert_int_equal(hg_roots_add(&roots, at("home"), HG_LOADER_TORCH_HUB), 0);
    const struct hg_places_options options = {
        .policy = &policy, .roots = &roots, .env = from_table, .ctx = (void *)(uintptr_t)plain};
    assert_int_equal(hg_places_find(&options, &places, &err), 0);
    assert_true(in_list(&places.write, "home/data"));
    assert_false(in_list(&places.write, "other"));
    assert_false(in_list(&places.write, "home"));
    assert_int_equal(places.exec.count, 0); /* no interpreter is known */
    hg_places_free(&places);
    hg_policy_free(&policy);
}

static void programs_and_their_loaders(void **state)
{
    (void)state;
    static const struct set_up python[] = {{"exec", "allow", "python"}}, none[] = {{"exec", "allow", "none"}},
                               folder[] = {{"exec", "allow", "@/bin"}},
                               script[] = {{"exec", "allow", "@/out/log"}};
    struct hg_places places;
    struct stat st;
    assert_int_equal(find_at(python, 1, plain, "home/proj", &places), 0);
    assert_int_equal(places.exec.count, 1);
    assert_true(in_list(&places.exec, "env/bin/python3"));
    assert_int_equal(places.loaders.count, 1);
    assert_int_equal(stat(places.loaders.items[0].path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_false(hg_places_may_exec(&places, places.loaders.items[0].path));
    hg_places_free(&places);
    assert_int_equal(find_at(none, 1, plain, "home/proj", &places), 0);
    assert_int_equal(places.exec.count + places.loaders.count, 0);
    hg_places_free(&places);
    assert_int_equal(find_at(folder, 1, plain, "home/proj", &places), 0);
    assert_true(places.exec.items[0].is_directory);
    assert_true(places.loaders.count >= 1);
    hg_places_free(&places);
    assert_int_equal(find_at(script, 1, plain, "home/proj", &places), 0);
    assert_int_equal(places.exec.count, 1);
    assert_int_equal(places.loaders.count, 0);
    hg_places_free(&places);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decision_and_kernel_agree), cmocka_unit_test(working_directory),
        cmocka_unit_test(temporary_directory),       cmocka_unit_test(caches),
        cmocka_unit_test(roots_of_the_loaders),      cmocka_unit_test(programs_and_their_loaders),
    };
    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
