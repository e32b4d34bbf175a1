/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of files, the places found in it, and children that try things under the ruleset. */
#ifndef HUBGUARD_TESTS_CAGE_TREE_H
#define HUBGUARD_TESTS_CAGE_TREE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/machine.h"
#include "policy/cage.h"

static char top[PATH_MAX]; /* of the tree that all tests use */
static struct hg_error err;
static struct hg_machine machine;

/* --- the tree --- */

/* `name` below the tree; an absolute path stays. Four results are alive at a time. */
static inline const char *at(const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];
    if (name[0] == '/')
        (void)snprintf(path, PATH_MAX, "%s", name);
    else
        (void)snprintf(path, PATH_MAX, "%.1000s/%.3000s", top, name);
    return path;
}

static inline void make_dir(const char *name)
{
    if (mkdir(at(name), 0755) != 0 && errno != EEXIST)
        fail_msg("mkdir %s: %s", at(name), strerror(errno));
}

static inline void make_file(const char *name, const char *text)
{
    int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static inline void copy_program(const char *from, const char *to)
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

static inline int make_tree(void **state)
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

static inline int remove_tree(void **state)
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
static inline const char *spelled(const char *value)
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

static inline const char *from_table(const char *name, void *ctx)
{
    for (const struct environment *e = ctx; e != NULL && e->name != NULL; e++)
        if (strcmp(e->name, name) == 0)
            return at(e->value);
    return NULL;
}

static const struct environment plain[] = {{"HOME", "home"}, {"TMPDIR", "tmp"}, {NULL, NULL}};

static inline int find_at(const struct set_up *changes, size_t count, const struct environment *env,
                          const char *cwd, struct hg_places *out)
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

static inline bool in_list(const struct hg_place_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].path, at(name)) == 0)
            return true;
    return false;
}

/* --- what a child may do: each returns 0 or errno --- */

static inline int open_as(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    return fd >= 0 ? 0 : errno;
}

static inline int done(int rc)
{
    return rc == 0 ? 0 : errno;
}

static inline int do_read(const char *path, const char *to)
{
    (void)to;
    return open_as(path, O_RDONLY);
}

static inline int do_write(const char *path, const char *to)
{
    (void)to;
    return open_as(path, O_WRONLY);
}

static inline int do_both(const char *path, const char *to)
{
    (void)to;
    return open_as(path, O_RDWR | O_APPEND);
}

static inline int do_create(const char *path, const char *to)
{
    (void)to;
    return open_as(path, O_WRONLY | O_CREAT | O_EXCL);
}

static inline int do_open_truncate(const char *path, const char *to)
{
    (void)to;
    return open_as(path, O_WRONLY | O_TRUNC);
}

static inline int do_truncate(const char *path, const char *to)
{
    (void)to;
    return done(truncate(path, 5));
}

static inline int do_unlink(const char *path, const char *to)
{
    (void)to;
    return done(unlink(path));
}

static inline int do_mkdir(const char *path, const char *to)
{
    (void)to;
    return done(mkdir(path, 0700));
}

static inline int do_rmdir(const char *path, const char *to)
{
    (void)to;
    return done(rmdir(path));
}

static inline int do_rename(const char *path, const char *to)
{
    return done(rename(path, to));
}

static inline int do_link(const char *path, const char *to)
{
    return done(link(path, to));
}

static inline int do_symlink(const char *path, const char *to)
{
    return done(symlink(to, path));
}

static inline int do_fifo(const char *path, const char *to)
{
    (void)to;
    return done(mkfifo(path, 0600));
}

static inline int do_node(const char *path, const char *to)
{
    (void)to;
    return done(mknod(path, S_IFCHR | 0600, 0x103));
}

static inline int do_exec(const char *path, const char *to)
{
    char *const argv[] = {(char *)(uintptr_t)path, NULL};
    (void)to;
    execv(path, argv);
    return errno;
}

static inline int do_list(const char *path, const char *to)
{
    (void)to;
    return open_as(path, O_RDONLY | O_DIRECTORY);
}

/* errno of `run` in a child under the ruleset; 0 also when a started program ended with 0. */
static inline int in_cage(const struct hg_places *places, int abi, int (*run)(const char *, const char *),
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

enum act_id {
    READ_IT,
    WRITE_IT,
    UPDATE_IT,
    CREATE_IT,
    OPEN_TRUNCATE,
    TRUNCATE_IT,
    UNLINK_IT,
    MKDIR_IT,
    RMDIR_IT,
    RENAME_IT,
    LINK_IT,
    SYMLINK_IT,
    FIFO_IT,
    EXEC_IT
};

static const struct act acts[] = {
    [READ_IT] = {"read", do_read, MAY_READ, false},
    [WRITE_IT] = {"write", do_write, MAY_WRITE, false},
    [UPDATE_IT] = {"read and write", do_both, MAY_READ | MAY_WRITE, false},
    [CREATE_IT] = {"create", do_create, MAY_WRITE, false},
    [OPEN_TRUNCATE] = {"open to truncate", do_open_truncate, MAY_WRITE, false},
    [TRUNCATE_IT] = {"truncate", do_truncate, MAY_WRITE, false},
    [UNLINK_IT] = {"unlink", do_unlink, MAY_WRITE, false},
    [MKDIR_IT] = {"mkdir", do_mkdir, MAY_WRITE, false},
    [RMDIR_IT] = {"rmdir", do_rmdir, MAY_WRITE, false},
    [RENAME_IT] = {"rename", do_rename, MAY_WRITE, true},
    [LINK_IT] = {"link", do_link, MAY_WRITE, true},
    [SYMLINK_IT] = {"symlink", do_symlink, MAY_WRITE, false},
    [FIFO_IT] = {"mkfifo", do_fifo, MAY_WRITE, false},
    [EXEC_IT] = {"exec", do_exec, MAY_EXEC, false},
};

struct table_case {
    enum act_id act;
    const char *path, *to;
    bool may;
    int abi; /* the first that can hold it; 0: all */
};

static inline bool decide(const struct hg_places *places, unsigned needs, const char *path)
{
    char resolved[PATH_MAX];
    assert_true(hg_path_resolve(at(path), resolved, sizeof resolved) > 0);
    return (!(needs & MAY_READ) || hg_places_may_read(places, resolved)) &&
           (!(needs & MAY_WRITE) || hg_places_may_write(places, resolved)) &&
           (!(needs & MAY_EXEC) || hg_places_may_exec(places, resolved));
}

/* What the act before it made or took away. */
static inline void restore(const struct table_case *c)
{
    if (c->may && c->to != NULL && acts[c->act].both)
        (void)unlink(at(c->to));
    if (c->act == CREATE_IT || c->act == SYMLINK_IT || c->act == FIFO_IT)
        (void)unlink(at(c->path));
    if (c->act == MKDIR_IT)
        (void)rmdir(at(c->path));
    if (c->may && (c->act == UNLINK_IT || c->act == RENAME_IT))
        make_file(c->path, "text\n");
}

static inline void check_case(const struct hg_places *places, const struct table_case *c, int abi)
{
    char path[PATH_MAX], to[PATH_MAX] = "";
    (void)snprintf(path, sizeof path, "%s", at(c->path));
    if (c->to != NULL)
        (void)snprintf(to, sizeof to, "%s", acts[c->act].both ? at(c->to) : c->to);
    bool decided = decide(places, acts[c->act].needs, path) &&
                   (!acts[c->act].both || decide(places, acts[c->act].needs, to));
    int got = in_cage(places, abi, acts[c->act].run, path, to);
    restore(c);
    if (decided != c->may || (abi >= c->abi && (got == 0) != c->may))
        fail_msg("%s %s %s: decided %d, ABI %d gave %s", acts[c->act].name, c->path,
                 c->to != NULL ? c->to : "", decided, abi, strerror(got));
    if (!c->may && abi >= c->abi && got != EACCES && got != EXDEV)
        fail_msg("%s %s: %s", acts[c->act].name, c->path, strerror(got));
}

#endif
