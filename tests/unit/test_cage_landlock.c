/* SPDX-License-Identifier: Apache-2.0 */
/* The ruleset against the kernel at hand. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/unit/cage_tree.h"

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
    if (unshare(CLONE_NEWNS | (geteuid() != 0 ? CLONE_NEWUSER : 0)) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
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
        {READ_IT, "home/doc/readme", NULL, true, 0}, {READ_IT, "home/.ssh/id", NULL, false, 0},
        {READ_IT, "tmp/scratch", NULL, true, 0},     {READ_IT, "out/log", NULL, false, 0},
        {READ_IT, "/etc/passwd", NULL, false, 0},    {READ_IT, "/usr/bin/env", NULL, true, 0},
        {READ_IT, "env/bin/python3", NULL, true, 0}, {EXEC_IT, "env/bin/python3", NULL, true, 0},
        {READ_IT, "/proc/self/maps", NULL, true, 0}, {READ_IT, "/dev/urandom", NULL, true, 0},
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

/* What a rule cannot name: files without a name in a directory. */
static int do_reopen_memory(const char *path, const char *to)
{
    char name[64];
    (void)path;
    (void)to;
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", memfd_create("x", MFD_CLOEXEC));
    return open_as(name, O_RDONLY) != 0 ? errno : open_as(name, O_RDWR);
}

static int do_reopen_pipe(const char *path, const char *to)
{
    int ends[2];
    char name[64];
    (void)path;
    (void)to;
    if (pipe(ends) != 0)
        return errno;
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", ends[0]);
    return open_as(name, O_RDONLY | O_NONBLOCK);
}

static int do_unnamed(const char *path, const char *to)
{
    (void)to;
    return open_as(path, O_RDWR | O_TMPFILE);
}

static void files_without_a_name(void **state)
{
    (void)state;
    static const struct set_up changes[] = {DENY};
    struct hg_places places;
    int abi = machine.landlock_abi;
    if (abi == 0)
        skip();
    assert_int_equal(find_at(changes, 1, plain, "home/proj", &places), 0);
    assert_int_equal(in_cage(&places, abi, do_reopen_memory, "", NULL), 0);
    assert_int_equal(in_cage(&places, abi, do_reopen_pipe, "", NULL), 0);
    int got = in_cage(&places, abi, do_unnamed, at("tmp"), NULL);
    assert_true(got == 0 || got == EOPNOTSUPP);
    assert_int_not_equal(in_cage(&places, abi, do_unnamed, at("home/doc"), NULL), 0);
    hg_places_free(&places);
}

/* /home is such a directory on shared machines. Root lists it all the same. */
static void way_that_cannot_be_listed(void **state)
{
    (void)state;
    static const struct set_up changes[] = {{"fs", "deny_read", "@/closed/me/.ssh @/closed/me/.netrc"},
                                            {"fs", "write", "@/closed/work"}};
    struct hg_places places;
    int abi = machine.landlock_abi;
    if (abi == 0)
        skip();
    static const char *const made[] = {"closed", "closed/me", "closed/me/.ssh", "closed/other",
                                       "closed/work"};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        make_dir(made[i]);
    make_file("closed/me/.ssh/id", "text\n");
    make_file("closed/me/.netrc", "text\n");
    make_file("closed/me/notes", "text\n");
    make_file("closed/other/file", "text\n");
    make_file("closed/work/file", "text\n");
    assert_int_equal(chmod(at("closed"), 0311), 0);
    assert_int_equal(find_at(changes, 2, plain, "home/proj", &places), 0);
    assert_int_equal(in_cage(&places, abi, do_read, at("closed/me/.ssh/id"), NULL), EACCES);
    assert_int_equal(in_cage(&places, abi, do_read, at("closed/me/.netrc"), NULL), EACCES);
    assert_int_equal(in_cage(&places, abi, do_read, at("closed/me/notes"), NULL), 0);
    assert_int_equal(in_cage(&places, abi, do_both, at("closed/work/file"), NULL), 0);
    assert_int_equal(in_cage(&places, abi, do_read, at("out/log"), NULL), 0);
    assert_int_equal(in_cage(&places, abi, do_read, at("closed/other/file"), NULL),
                     geteuid() != 0 ? EACCES : 0);
    assert_int_equal(chmod(at("closed"), 0755), 0);
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
        cmocka_unit_test(files_without_a_name),
        cmocka_unit_test(way_that_cannot_be_listed),
        cmocka_unit_test(too_many_beside),
    };
    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
