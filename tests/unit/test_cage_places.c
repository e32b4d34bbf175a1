/* SPDX-License-Identifier: Apache-2.0 */
/* Each case is checked twice: what the decision says, and what the kernel does to a child under the ruleset.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/machine.h"
#include "policy/cage.h"
#include "policy/places.h"

static char top[PATH_MAX]; /* of the tree that all tests use */
static struct hg_error err;
static struct hg_machine machine;

/* --- the tree --- */

/* `name` below the tree; an absolute path stays. Four results are alive at a time. */
static const char *at(const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];
    if (name[0] == '/')
        (void)snprintf(path, PATH_MAX, "%s", name);
    else
        (void)snprintf(path, PATH_MAX, "%.3000s/%s", top, name);
    return path;
}

static void make_dir(const char *name)
{
    if (mkdir(at(name), 0755) != 0 && errno != EEXIST)
        fail_msg("mkdir %s: %s", at(name), strerror(errno));
}

static void make_file(const char *name, const char *text)
{
    int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void copy_program(const char *from, const char *to)
{
    char buf[65536];
    ssize_t n;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(at(to), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    assert_true(in >= 0 && out >= 0);
    while ((n = read(in, buf, sizeof buf)) > 0)
        assert_int_equal(write(out, buf, (size_t)n), n);
    close(in);
    close(out);
}

static const char *const directories[] = {
    "home",
    "home/.ssh",
    "home/.ssh/old",
    "home/.config",
    "home/.config/gcloud",
    "home/.config/app",
    "home/doc",
    "home/proj",
    "home/proj/sub",
    "home/.cache",
    "home/.cache/hubguard",
    "home/.cache/vllm",
    "home/data",
    "home/keys",
    "tmp",
    "out",
    "bin",
    "mnt",
    "mnt/home",
    "mnt/ssh",
    "mnt/old",
    "env",
    "env/bin",
    "other",
    "other/dir",
};
static const char *const files[] = {
    "home/.ssh/id",
    "home/.ssh/old/id",
    "home/.netrc",
    "home/.config/gcloud/token",
    "home/.config/app/ini",
    "home/doc/readme",
    "home/proj/train.py",
    "home/proj/sub/data",
    "home/keys/real",
    "tmp/scratch",
    "out/log",
    "out/other",
    "other/file",
};

static int make_tree(void **state)
{
    (void)state;
    char template[] = "/tmp/hubguard-places-XXXXXX";
    if (mkdtemp(template) == NULL || realpath(template, top) == NULL)
        return -1;
    for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++)
        make_dir(directories[i]);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        make_file(files[i], "text\n");
    copy_program("/bin/true", "env/bin/python3");
    copy_program("/bin/true", "bin/true");
    copy_program("/bin/true", "tmp/true");
    assert_int_equal(symlink("../home/.ssh/id", at("other/to-id")), 0);
    assert_int_equal(symlink("home/.ssh", at("to-ssh")), 0);
    assert_int_equal(symlink("keys", at("home/.aws")), 0);
    assert_int_equal(symlink("true", at("bin/also-true")), 0);
    hg_machine_probe(&machine);
    return 0;
}

static int remove_tree(void **state)
{
    (void)state;
    char command[PATH_MAX + 16];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", top);
    return system(command) == 0 ? 0 : -1; /* NOLINT: the path is our own */
}

/* --- the places --- */

struct set_up {
    const char *section, *key, *value; /* `@` stands for the tree */
};

/* Values with `@` replaced by the tree's path. */
static const char *spelled(const char *value)
{
    static char out[4 * PATH_MAX];
    size_t n = 0;
    for (const char *s = value; *s != '\0'; s++)
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%.*s", *s == '@' ? top : "", *s == '@' ? 0 : 1, s);
    out[n] = '\0';
    return out;
}

struct environment {
    const char *name, *value; /* below the tree, unless absolute */
};

static const char *from_table(const char *name, void *ctx)
{
    for (const struct environment *e = ctx; e != NULL && e->name != NULL; e++)
        if (strcmp(e->name, name) == 0)
            return at(e->value);
    return NULL;
}

static const struct environment plain[] = {{"HOME", "home"}, {"TMPDIR", "tmp"}, {NULL, NULL}};

static int find_at(const struct set_up *changes, size_t count, const struct environment *env, const char *cwd,
                   struct hg_places *out)
{
    struct hg_policy policy;
    char here[PATH_MAX], python[PATH_MAX];
    memset(&err, 0, sizeof err);
    assert_int_equal(hg_policy_default(&policy, &err), 0);
    for (size_t i = 0; i < count; i++)
        if (hg_policy_set(&policy, changes[i].section, changes[i].key, spelled(changes[i].value), "test",
                          &err) < 0)
            fail_msg("%s", err.text);
    (void)snprintf(here, sizeof here, "%s", at(cwd));
    (void)snprintf(python, sizeof python, "%s", at("env/bin/python3"));
    const struct hg_places_options options = {.policy = &policy,
                                              .cwd = here,
                                              .interpreter = python,
                                              .env = from_table,
                                              .ctx = (void *)(uintptr_t)env};
    int rc = hg_places_find(&options, out, &err);
    hg_policy_free(&policy);
    return rc;
}

#define DENY                                                                                                 \
    {                                                                                                        \
        "fs", "deny_read", "@/home/.ssh @/home/.netrc @/home/.config/gcloud @/home/.aws @/home/missing"      \
    }

static bool in_list(const struct hg_place_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].path, at(name)) == 0)
            return true;
    return false;
}

/* --- what a child may do: each returns 0 or errno --- */

static int open_as(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    return fd >= 0 ? 0 : errno;
}

static int done(int rc)
{
    return rc == 0 ? 0 : errno;
}

static int do_read(const char *path, const char *to)
{
    (void)to;
    return open_as(path, O_RDONLY);
}

static int do_write(const char *path, const char *to)
{
    (void)to;
    return open_as(path, O_WRONLY);
}

static int do_both(const char *path, const char *to)
{
    (void)to;
    return open_as(path, O_RDWR | O_APPEND);
}

static int do_create(const char *path, const char *to)
{
    (void)to;
    return open_as(path, O_WRONLY | O_CREAT | O_EXCL);
}

static int do_open_truncate(const char *path, const char *to)
{
    (void)to;
    return open_as(path, O_WRONLY | O_TRUNC);
}

static int do_truncate(const char *path, const char *to)
{
    (void)to;
    return done(truncate(path, 5));
}

static int do_unlink(const char *path, const char *to)
{
    (void)to;
    return done(unlink(path));
}

static int do_mkdir(const char *path, const char *to)
{
    (void)to;
    return done(mkdir(path, 0700));
}

static int do_rmdir(const char *path, const char *to)
{
    (void)to;
    return done(rmdir(path));
}

static int do_rename(const char *path, const char *to)
{
    return done(rename(path, to));
}

static int do_link(const char *path, const char *to)
{
    return done(link(path, to));
}

static int do_symlink(const char *path, const char *to)
{
    return done(symlink(to, path));
}

static int do_fifo(const char *path, const char *to)
{
    (void)to;
    return done(mkfifo(path, 0600));
}

static int do_node(const char *path, const char *to)
{
    (void)to;
    return done(mknod(path, S_IFCHR | 0600, 0x103));
}

static int do_exec(const char *path, const char *to)
{
    char *const argv[] = {(char *)(uintptr_t)path, NULL};
    (void)to;
    execv(path, argv);
    return errno;
}

static int do_list(const char *path, const char *to)
{
    (void)to;
    return open_as(path, O_RDONLY | O_DIRECTORY);
}

/* errno of `run` in a child under the ruleset; 0 also when a started program ended with 0. */
static int in_cage(const struct hg_places *places, int abi, int (*run)(const char *, const char *),
                   const char *path, const char *to)
{
    int status, ruleset = hg_places_ruleset(places, abi, &err);
    if (ruleset < 0)
        fail_msg("ruleset: %s", err.text);
    pid_t pid = fork();
    if (pid == 0) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
            syscall(SYS_landlock_restrict_self, ruleset, 0u) != 0)
            _exit(255);
        _exit(run(path, to));
    }
    close(ruleset);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_not_equal(WEXITSTATUS(status), 255);
    return WEXITSTATUS(status);
}

/* --- the table --- */

enum decision { MAY_READ = 1, MAY_WRITE = 2, MAY_EXEC = 4 };

struct act {
    const char *name;
    int (*run)(const char *path, const char *to);
    unsigned needs;
    bool both; /* of `to` as well */
};

static const struct act read_it = {"read", do_read, MAY_READ, false};
static const struct act write_it = {"write", do_write, MAY_WRITE, false};
static const struct act update_it = {"read and write", do_both, MAY_READ | MAY_WRITE, false};
static const struct act create_it = {"create", do_create, MAY_WRITE, false};
static const struct act open_truncate = {"open to truncate", do_open_truncate, MAY_WRITE, false};
static const struct act truncate_it = {"truncate", do_truncate, MAY_WRITE, false};
static const struct act unlink_it = {"unlink", do_unlink, MAY_WRITE, false};
static const struct act mkdir_it = {"mkdir", do_mkdir, MAY_WRITE, false};
static const struct act rmdir_it = {"rmdir", do_rmdir, MAY_WRITE, false};
static const struct act rename_it = {"rename", do_rename, MAY_WRITE, true};
static const struct act link_it = {"link", do_link, MAY_WRITE, true};
static const struct act symlink_it = {"symlink", do_symlink, MAY_WRITE, false};
static const struct act fifo_it = {"mkfifo", do_fifo, MAY_WRITE, false};
static const struct act exec_it = {"exec", do_exec, MAY_EXEC, false};

struct table_case {
    const struct act *act;
    const char *path, *to;
    bool may;
    int abi; /* the first that can hold it; 0: all */
};

/* cwd = home/proj, TMPDIR = tmp, exec = python and bin/ */
static const struct table_case table[] = {
    {&read_it, "home/doc/readme", NULL, true, 0},
    {&read_it, "/etc/passwd", NULL, true, 0},
    {&read_it, "/proc/self/status", NULL, true, 0},
    {&read_it, "home/.config/app/ini", NULL, true, 0},
    {&read_it, "home/.ssh/id", NULL, false, 0},
    {&read_it, "home/.ssh/old/id", NULL, false, 0},
    {&read_it, "home/.netrc", NULL, false, 0},
    {&read_it, "home/.config/gcloud/token", NULL, false, 0},
    {&read_it, "home/keys/real", NULL, false, 0}, /* home/.aws is a link to it */
    {&read_it, "home/.aws/real", NULL, false, 0},
    {&read_it, "other/to-id", NULL, false, 0},
    {&read_it, "to-ssh/id", NULL, false, 0},
    {&read_it, "to-ssh/old/../id", NULL, false, 0},
    {&write_it, "home/proj/train.py", NULL, true, 0},
    {&update_it, "home/proj/sub/data", NULL, true, 0},
    {&write_it, "tmp/scratch", NULL, true, 0},
    {&write_it, "/dev/null", NULL, true, 0},
    {&update_it, "/dev/zero", NULL, true, 0},
    {&write_it, "out/log", NULL, true, 0}, /* named */
    {&write_it, "out/other", NULL, false, 0},
    {&write_it, "home/doc/readme", NULL, false, 0},
    {&write_it, "home/.ssh/id", NULL, false, 0},
    {&write_it, "/proc/self/comm", NULL, false, 0},
    {&write_it, "home/.cache/hubguard/verdicts", NULL, false, 0},
    {&open_truncate, "home/doc/readme", NULL, false, 0},
    {&open_truncate, "home/proj/train.py", NULL, true, 0},
    {&truncate_it, "home/doc/readme", NULL, false, 3},
    {&truncate_it, "home/proj/train.py", NULL, true, 0},
    {&truncate_it, "out/log", NULL, true, 0},
    {&create_it, "home/proj/new", NULL, true, 0},
    {&create_it, "home/.cache/huggingface/hub/new", NULL, true, 0},
    {&create_it, "home/.cache/huggingface/modules/new", NULL, true, 0},
    {&create_it, "home/.cache/torch/hub", NULL, true, 0},
    {&create_it, "home/.cache/vllm/new", NULL, true, 0},
    {&create_it, "home/.cache/new", NULL, false, 0},
    {&create_it, "home/.cache/hubguard/new", NULL, false, 0},
    {&create_it, "home/new", NULL, false, 0},
    {&create_it, "tmp/new", NULL, true, 0},
    {&create_it, "/var/tmp/hubguard-test-new", NULL, true, 0},
    {&create_it, "/dev/hubguard-test-new", NULL, false, 0},
    {&create_it, "to-ssh/new", NULL, false, 0},
    {&unlink_it, "tmp/scratch", NULL, true, 0},
    {&unlink_it, "home/doc/readme", NULL, false, 0},
    {&unlink_it, "home/.ssh/id", NULL, false, 0},
    {&mkdir_it, "home/proj/new", NULL, true, 0},
    {&mkdir_it, "home/new", NULL, false, 0},
    {&rmdir_it, "other/dir", NULL, false, 0},
    {&symlink_it, "tmp/link", "x", true, 0},
    {&symlink_it, "home/link", "x", false, 0},
    {&fifo_it, "tmp/fifo", NULL, true, 0},
    {&fifo_it, "out/fifo", NULL, false, 0},
    {&rename_it, "home/proj/train.py", "home/proj/moved", true, 0},
    {&rename_it, "home/proj/train.py", "tmp/moved", true, 2},
    {&rename_it, "home/proj/train.py", "home/moved", false, 0},
    {&rename_it, "home/.ssh/id", "home/proj/id", false, 0},
    {&rename_it, "home/.ssh", "tmp/ssh", false, 0},
    {&rename_it, "bin/true", "tmp/true2", false, 0},
    {&rename_it, "tmp/true", "bin/true2", false, 0},
    {&rename_it, "tmp/true", "env/bin/python3", false, 0},
    {&link_it, "tmp/scratch", "home/proj/hard", true, 2},
    {&link_it, "home/.ssh/id", "home/proj/hard", false, 0},
    {&link_it, "home/.netrc", "tmp/hard", false, 0},
    {&link_it, "tmp/true", "bin/hard", false, 0},
    {&exec_it, "env/bin/python3", NULL, true, 0},
    {&exec_it, "bin/true", NULL, true, 0},
    {&exec_it, "bin/also-true", NULL, true, 0},
    {&exec_it, "tmp/true", NULL, false, 0},
    {&exec_it, "/bin/sh", NULL, false, 0},
    {&exec_it, "/bin/true", NULL, false, 0},
};

static bool decide(const struct hg_places *places, unsigned needs, const char *path)
{
    char resolved[PATH_MAX];
    assert_true(hg_path_resolve(at(path), resolved, sizeof resolved) > 0);
    return (!(needs & MAY_READ) || hg_places_may_read(places, resolved)) &&
           (!(needs & MAY_WRITE) || hg_places_may_write(places, resolved)) &&
           (!(needs & MAY_EXEC) || hg_places_may_exec(places, resolved));
}

/* What the act before it made or took away. */
static void restore(const struct table_case *c)
{
    if (c->may && c->to != NULL && c->act->both)
        (void)unlink(at(c->to));
    if (c->act == &create_it || c->act == &symlink_it || c->act == &fifo_it)
        (void)unlink(at(c->path));
    if (c->act == &mkdir_it)
        (void)rmdir(at(c->path));
    if (c->may && (c->act == &unlink_it || c->act == &rename_it))
        make_file(c->path, "text\n");
}

static void check_case(const struct hg_places *places, const struct table_case *c, int abi)
{
    char path[PATH_MAX], to[PATH_MAX] = "";
    (void)snprintf(path, sizeof path, "%s", at(c->path));
    if (c->to != NULL)
        (void)snprintf(to, sizeof to, "%s", c->act->both ? at(c->to) : c->to);
    bool decided =
        decide(places, c->act->needs, path) && (!c->act->both || decide(places, c->act->needs, to));
    int got = in_cage(places, abi, c->act->run, path, to);
    restore(c);
    if (decided != c->may || (abi >= c->abi && (got == 0) != c->may))
        fail_msg("%s %s %s: decided %d, ABI %d gave %s", c->act->name, c->path, c->to != NULL ? c->to : "",
                 decided, abi, strerror(got));
    if (!c->may && abi >= c->abi && got != EACCES && got != EXDEV)
        fail_msg("%s %s: %s", c->act->name, c->path, strerror(got));
}

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

static int interp_of(const void *bytes, size_t size, char *out)
{
    int fd = memfd_create("elf", MFD_CLOEXEC);
    assert_int_equal(write(fd, bytes, size), size);
    int rc = hg_elf_interp(fd, out, PATH_MAX);
    close(fd);
    return rc;
}

static void foreign_programs(void **state)
{
    (void)state;
    struct {
        Elf64_Ehdr header;
        Elf64_Phdr segments[2];
        char name[16];
    } elf, bad;
    char out[PATH_MAX];
    memset(&elf, 0, sizeof elf);
    memcpy(elf.header.e_ident, ELFMAG, SELFMAG);
    elf.header.e_ident[EI_CLASS] = ELFCLASS64;
    elf.header.e_type = ET_DYN;
    elf.header.e_phentsize = sizeof(Elf64_Phdr);
    elf.header.e_phnum = 2;
    elf.header.e_phoff = sizeof elf.header;
    elf.segments[1].p_type = PT_INTERP;
    elf.segments[1].p_offset = offsetof(__typeof__(elf), name);
    elf.segments[1].p_filesz = 11;
    memcpy(elf.name, "/lib/ld.so", 11);
    assert_int_equal(interp_of(&elf, sizeof elf, out), 10);
    assert_string_equal(out, "/lib/ld.so");
    for (size_t size = 0; size < sizeof elf - 5; size++)
        assert_true(interp_of(&elf, size, out) <= 0);
    assert_int_equal(interp_of("#!/bin/sh\n", 10, out), 0);
    bad = elf;
    bad.segments[1].p_filesz = UINT64_MAX;
    assert_int_equal(interp_of(&bad, sizeof bad, out), -EINVAL);
    bad = elf;
    bad.segments[1].p_offset = UINT64_MAX - 3;
    assert_int_equal(interp_of(&bad, sizeof bad, out), -EINVAL);
    bad = elf;
    bad.segments[1].p_filesz = 10; /* no NUL */
    assert_int_equal(interp_of(&bad, sizeof bad, out), -EINVAL);
    bad = elf;
    bad.name[0] = 'x';
    assert_int_equal(interp_of(&bad, sizeof bad, out), -EINVAL);
    bad = elf;
    bad.header.e_phoff = UINT64_MAX - 8;
    assert_int_equal(interp_of(&bad, sizeof bad, out), -EINVAL);
    bad = elf;
    bad.header.e_phentsize = 8;
    assert_int_equal(interp_of(&bad, sizeof bad, out), 0);
    bad = elf;
    bad.header.e_phnum = 65535;
    assert_true(interp_of(&bad, sizeof bad, out) <= 0);
}

/* --- reading --- */

static void denied_place_inside_a_write_place(void **state)
{
    (void)state;
    static const struct set_up changes[] = {{"fs", "write", "@/home @/tmp"}, DENY};
    struct hg_places places;
    if (machine.landlock_abi < 2)
        skip();
    int abi = machine.landlock_abi;
    assert_int_equal(find_at(changes, 2, plain, "home/proj", &places), 0);
    assert_int_equal(in_cage(&places, abi, do_read, at("home/.ssh/id"), NULL), EACCES);
    assert_int_equal(in_cage(&places, abi, do_both, at("home/.netrc"), NULL), EACCES);
    assert_int_equal(in_cage(&places, abi, do_write, at("home/.ssh/id"), NULL), 0);
    assert_int_equal(in_cage(&places, abi, do_both, at("home/doc/readme"), NULL), 0);
    assert_int_equal(in_cage(&places, abi, do_create, at("home/doc/new"), NULL), 0);
    /* Nothing moves it to where it could be read, now or by the next ruleset. */
    static const struct {
        int (*run)(const char *, const char *);
        const char *from, *to;
    } moves[] = {
        {do_rename, "home/.ssh/id", "home/doc/id"},   {do_link, "home/.ssh/id", "home/doc/id"},
        {do_link, "home/.netrc", "tmp/netrc"},        {do_rename, "home/.netrc", "home/netrc"},
        {do_rename, "home/.ssh", "home/doc/ssh"},     {do_rename, "home/.ssh", "home/renamed"},
        {do_rename, "home/.config", "tmp/config"},    {do_rename, "home/.config", "home/config"},
        {do_rename, "home/.ssh/id", "home/.ssh/id2"}, {do_unlink, "home/.netrc", ""},
    };
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        int got = in_cage(&places, abi, moves[i].run, at(moves[i].from), at(moves[i].to));
        if (got != EACCES && got != EXDEV)
            fail_msg("%s to %s: %s", moves[i].from, moves[i].to, strerror(got));
    }
    /* A second link beside it is the same inode, and stays unread. */
    assert_int_equal(in_cage(&places, abi, do_link, at("home/.netrc"), at("home/hard")), 0);
    assert_int_equal(in_cage(&places, abi, do_read, at("home/hard"), NULL), EACCES);
    assert_int_equal(unlink(at("home/hard")), 0);
    /* The directories beside it are free. */
    assert_int_equal(in_cage(&places, abi, do_rename, at("home/doc/new"), at("tmp/new")), 0);
    assert_int_equal(in_cage(&places, abi, do_unlink, at("tmp/new"), NULL), 0);
    hg_places_free(&places);
}

/* The documented price of a denial: what is new beside a directory above the denied place. */
static void new_beside_a_denied_place(void **state)
{
    (void)state;
    static const struct set_up changes[] = {DENY};
    struct hg_places places;
    int status, ruleset;
    if (machine.landlock_abi == 0)
        skip();
    assert_int_equal(find_at(changes, 1, plain, "home/proj", &places), 0);
    ruleset = hg_places_ruleset(&places, machine.landlock_abi, &err);
    assert_true(ruleset >= 0);
    make_file("home/late", "text\n");
    make_file("home/doc/late", "text\n");
    pid_t pid = fork();
    if (pid == 0) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
            syscall(SYS_landlock_restrict_self, ruleset, 0u) != 0)
            _exit(255);
        _exit(do_read(at("home/late"), NULL) != EACCES || do_read(at("home/doc/late"), NULL) != 0 ||
              do_list(at("home/.ssh"), NULL) != 0 || do_list(at("home"), NULL) != 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(ruleset);
    hg_places_free(&places);
    (void)unlink(at("home/late"));
}

static void other_names_of_a_denied_place(void **state)
{
    (void)state;
    static const struct set_up changes[] = {DENY};
    char name[PATH_MAX];
    struct hg_places places;
    int abi = machine.landlock_abi;
    if (abi == 0)
        skip();
    /* A second link beside the first would grant the one inode. */
    assert_int_equal(link(at("home/.netrc"), at("home/netrc-too")), 0);
    assert_int_equal(find_at(changes, 1, plain, "home/proj", &places), 0);
    assert_int_equal(in_cage(&places, abi, do_read, at("home/.netrc"), NULL), EACCES);
    assert_int_equal(in_cage(&places, abi, do_read, at("home/netrc-too"), NULL), EACCES);
    static const char *const prefixes[] = {"/proc/self/root", "/proc/thread-self/root", "/dev/fd/../root"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        (void)snprintf(name, sizeof name, "%s%.3000s", prefixes[i], at("home/.ssh/id"));
        assert_int_equal(in_cage(&places, abi, do_read, name, NULL), EACCES);
        (void)snprintf(name, sizeof name, "%s%.3000s", prefixes[i], at("home/doc/readme"));
        assert_int_equal(in_cage(&places, abi, do_read, name, NULL), 0);
    }
    hg_places_free(&places);
    assert_int_equal(unlink(at("home/netrc-too")), 0);
}

/* Whoever may read a disk may read every file on it. */
static void raw_disks(void **state)
{
    (void)state;
    static const struct set_up changes[] = {DENY};
    static const char *const disks[] = {"/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/loop0", "/dev/mem"};
    struct hg_places places;
    bool seen = false;
    if (machine.landlock_abi == 0)
        skip();
    assert_int_equal(find_at(changes, 1, plain, "home/proj", &places), 0);
    for (size_t i = 0; i < sizeof disks / sizeof disks[0]; i++)
        if (do_read(disks[i], NULL) == 0) {
            seen = true;
            assert_int_equal(in_cage(&places, machine.landlock_abi, do_read, disks[i], NULL), EACCES);
        }
    hg_places_free(&places);
    if (!seen)
        skip();
}

/* In a mount namespace of its own; exit status 77 when there is none. */
static int bind_mounts(void)
{
    static const struct set_up changes[] = {DENY};
    struct hg_places places;
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount(at("home"), at("mnt/home"), NULL, MS_BIND, NULL) != 0 ||
        mount(at("home/.ssh"), at("mnt/ssh"), NULL, MS_BIND, NULL) != 0 ||
        mount(at("home/.ssh/old"), at("mnt/old"), NULL, MS_BIND, NULL) != 0) {
        perror("bind mount");
        return 77;
    }
    int rc = find_at(changes, 1, plain, "home/proj", &places);
    int abi = machine.landlock_abi;
    static const char *const denied[] = {"home/.ssh/id", "mnt/home/.ssh/id", "mnt/ssh/id",
                                         "mnt/old/id",   "mnt/home/.netrc",  "mnt/home/.config/gcloud/token"};
    static const char *const open_to_all[] = {"home/doc/readme", "mnt/home/doc/readme", "out/log"};
    for (size_t i = 0; rc == 0 && i < sizeof denied / sizeof denied[0]; i++)
        if (in_cage(&places, abi, do_read, at(denied[i]), NULL) != EACCES ||
            hg_places_may_read(&places, at(denied[i])))
            rc = 10 + (int)i;
    for (size_t i = 0; rc == 0 && i < sizeof open_to_all / sizeof open_to_all[0]; i++)
        if (in_cage(&places, abi, do_read, at(open_to_all[i]), NULL) != 0 ||
            !hg_places_may_read(&places, at(open_to_all[i])))
            rc = 20 + (int)i;
    hg_places_free(&places);
    return rc;
}

static void denied_place_behind_a_bind_mount(void **state)
{
    (void)state;
    int status;
    if (machine.landlock_abi == 0)
        skip();
    pid_t pid = fork();
    if (pid == 0)
        _exit(bind_mounts());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void read_list(void **state)
{
    (void)state;
    static const struct set_up changes[] = {
        {"fs", "read", "@/home @/missing"}, {"fs", "write", "@/tmp"}, DENY};
    static const struct table_case cases[] = {
        {&read_it, "home/doc/readme", NULL, true, 0}, {&read_it, "home/.ssh/id", NULL, false, 0},
        {&read_it, "tmp/scratch", NULL, true, 0},     {&read_it, "out/log", NULL, false, 0},
        {&read_it, "/etc/passwd", NULL, false, 0},    {&read_it, "/usr/bin/env", NULL, true, 0},
        {&read_it, "env/bin/python3", NULL, true, 0}, {&exec_it, "env/bin/python3", NULL, true, 0},
        {&read_it, "/proc/self/maps", NULL, true, 0}, {&read_it, "/dev/urandom", NULL, true, 0},
    };
    struct hg_places places;
    if (machine.landlock_abi == 0)
        skip();
    assert_int_equal(find_at(changes, 3, plain, "home/proj", &places), 0);
    assert_false(places.read_any);
    assert_true(in_list(&places.read, "env")); /* the interpreter's prefix */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_case(&places, &cases[i], machine.landlock_abi);
    hg_places_free(&places);
}

static void nothing_denied(void **state)
{
    (void)state;
    static const struct set_up changes[] = {{"fs", "deny_read", ""}, {"fs", "write", ""}};
    struct hg_places places;
    if (machine.landlock_abi == 0)
        skip();
    assert_int_equal(find_at(changes, 2, plain, "home/proj", &places), 0);
    assert_int_equal(in_cage(&places, machine.landlock_abi, do_read, at("home/.ssh/id"), NULL), 0);
    assert_int_equal(in_cage(&places, machine.landlock_abi, do_write, at("home/proj/train.py"), NULL),
                     EACCES);
    assert_int_equal(in_cage(&places, machine.landlock_abi, do_write, "/dev/null", NULL), 0);
    hg_places_free(&places);
}

/* --- the rest of the ruleset --- */

static void device_nodes(void **state)
{
    (void)state;
    static const struct set_up changes[] = {{"fs", "write", "@/tmp"}};
    struct hg_places places;
    if (machine.landlock_abi == 0 || geteuid() != 0)
        skip();
    assert_int_equal(find_at(changes, 1, plain, "home/proj", &places), 0);
    assert_int_equal(in_cage(&places, machine.landlock_abi, do_node, at("tmp/node"), NULL), EACCES);
    hg_places_free(&places);
}

static int do_connect(const char *path, const char *to)
{
    (void)path;
    (void)to;
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return done(connect(fd, (struct sockaddr *)&a, sizeof a));
}

static int do_signal_parent(const char *path, const char *to)
{
    (void)path;
    (void)to;
    return done(kill(getppid(), 0));
}

static int do_abstract(const char *path, const char *to)
{
    (void)to;
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(a.sun_path + 1, sizeof a.sun_path - 1, "%s", path);
    return done(connect(fd, (struct sockaddr *)&a, sizeof a));
}

static void network_and_scope(void **state)
{
    (void)state;
    static const struct set_up changes[] = {DENY};
    struct hg_places places;
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), abi = machine.landlock_abi;
    (void)snprintf(a.sun_path + 1, sizeof a.sun_path - 1, "hubguard-test-%d", (int)getpid());
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(find_at(changes, 1, plain, "home/proj", &places), 0);
    if (abi >= 4) {
        assert_int_equal(in_cage(&places, 3, do_connect, "", NULL), ECONNREFUSED);
        assert_int_equal(in_cage(&places, 4, do_connect, "", NULL), EACCES);
    }
    if (abi >= 6) {
        assert_int_equal(in_cage(&places, 5, do_signal_parent, "", NULL), 0);
        assert_int_equal(in_cage(&places, 6, do_signal_parent, "", NULL), EPERM);
        assert_int_equal(in_cage(&places, 6, do_abstract, a.sun_path + 1, NULL), EPERM);
    }
    close(fd);
    hg_places_free(&places);
    if (abi < 4)
        skip();
}

static void no_landlock(void **state)
{
    (void)state;
    struct hg_places places = {.read_any = true};
    assert_int_equal(hg_places_ruleset(&places, 0, &err), -EOPNOTSUPP);
    assert_non_null(strstr(err.text, "hubguard doctor"));
}

/* The loader is granted, so a memory file that names it runs as far as Landlock is concerned: why the filter
 * refuses memory files that may be executed. */
static int do_memfd(const char *path, const char *to)
{
    char buf[65536];
    char *const argv[] = {(char *)(uintptr_t) "true", NULL};
    ssize_t n;
    (void)to;
    int in = open(path, O_RDONLY | O_CLOEXEC), fd = memfd_create("x", MFD_CLOEXEC);
    while ((n = read(in, buf, sizeof buf)) > 0)
        if (write(fd, buf, (size_t)n) != n)
            return EIO;
    fexecve(fd, argv, argv + 1);
    return errno;
}

static void memory_files_are_the_filters_affair(void **state)
{
    (void)state;
    static const struct set_up python[] = {{"exec", "allow", "python"}}, none[] = {{"exec", "allow", "none"}};
    struct hg_places places;
    if (machine.landlock_abi == 0)
        skip();
    assert_int_equal(find_at(python, 1, plain, "home/proj", &places), 0);
    assert_int_equal(in_cage(&places, machine.landlock_abi, do_memfd, "/bin/true", NULL), 0);
    hg_places_free(&places);
    assert_int_equal(find_at(none, 1, plain, "home/proj", &places), 0);
    assert_int_equal(in_cage(&places, machine.landlock_abi, do_memfd, "/bin/true", NULL), EACCES);
    hg_places_free(&places);
}

static void too_many_beside(void **state)
{
    (void)state;
    static const struct set_up changes[] = {DENY};
    struct hg_places places;
    char name[64];
    if (machine.landlock_abi == 0)
        skip();
    make_dir("home/.config/many");
    for (int i = 0; i < 33000; i++) {
        (void)snprintf(name, sizeof name, "home/.config/n%d", i);
        make_file(name, "");
    }
    assert_int_equal(find_at(changes, 1, plain, "home/proj", &places), 0);
    assert_int_equal(hg_places_ruleset(&places, machine.landlock_abi, &err), -E2BIG);
    assert_non_null(strstr(err.text, "home/.config"));
    hg_places_free(&places);
    for (int i = 0; i < 33000; i++) {
        (void)snprintf(name, sizeof name, "home/.config/n%d", i);
        (void)unlink(at(name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decision_and_kernel_agree),
        cmocka_unit_test(working_directory),
        cmocka_unit_test(temporary_directory),
        cmocka_unit_test(caches),
        cmocka_unit_test(roots_of_the_loaders),
        cmocka_unit_test(programs_and_their_loaders),
        cmocka_unit_test(foreign_programs),
        cmocka_unit_test(denied_place_inside_a_write_place),
        cmocka_unit_test(new_beside_a_denied_place),
        cmocka_unit_test(other_names_of_a_denied_place),
        cmocka_unit_test(raw_disks),
        cmocka_unit_test(denied_place_behind_a_bind_mount),
        cmocka_unit_test(read_list),
        cmocka_unit_test(nothing_denied),
        cmocka_unit_test(device_nodes),
        cmocka_unit_test(network_and_scope),
        cmocka_unit_test(no_landlock),
        cmocka_unit_test(memory_files_are_the_filters_affair),
        cmocka_unit_test(too_many_beside),
    };
    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
