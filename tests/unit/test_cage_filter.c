/* SPDX-License-Identifier: Apache-2.0 */
/* The exported programs, simulated: every call number under every policy case, and the calls that are allowed
 * with some arguments only over grids of arguments. What is expected stands here a second time, in names and
 * plain C, and is not asked of the code under test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "policy/cage_plan.h"
#include "policy/syscall_groups.h"
#include "tests/unit/bpf_sim.h"

#define GUARD 4242
#define CALLS 1024

#define ALLOW   SECCOMP_RET_ALLOW
#define NOTIFY  SECCOMP_RET_USER_NOTIF
#define KILL    SECCOMP_RET_KILL_PROCESS
#define FAIL(e) (SECCOMP_RET_ERRNO | (e))

/* --- what is expected
 * ---------------------------------------------------------------------------------------- */

/* Refused by the built-in default, by name. */
static const char refused[] =
    "seccomp ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp bpf perf_event_open "
    "userfaultfd personality execveat unshare setns io_uring_setup io_uring_enter io_uring_register mount "
    "umount2 umount pivot_root chroot move_mount open_tree open_tree_attr fsopen fsconfig fsmount fspick "
    "mount_setattr init_module finit_module delete_module create_module query_module get_kernel_syms "
    "kexec_load kexec_file_load add_key request_key keyctl open_by_handle_at fanotify_init fanotify_mark "
    "quotactl quotactl_fd syslog vhangup acct modify_ldt reboot swapon swapoff ioperm iopl adjtimex "
    "clock_adjtime clock_settime settimeofday lookup_dcookie chmod fchmod fchmodat fchmodat2 chown fchown "
    "lchown fchownat setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr "
    "removexattrat uselib ustat sysfs _sysctl afs_syscall tuxcall security vserver getpmsg putpmsg "
    "nfsservctl "
    "epoll_ctl_old epoll_wait_old sethostname setdomainname lsm_set_self_attr";

static const char brokered[] = "connect execve set_tid_address arch_prctl";

struct policy_case {
    const char *text;
    int abi;
    /* Against the built-in default: +call allowed, -call refused, !call EPERM, ?call asked of the guard. */
    const char *changes;
};

static const struct policy_case cases[] = {
    {"", 7, ""},
    {"", 6, ""},
    {"", 5, "-tkill -pidfd_send_signal"},
    {"", 3, "-tkill -pidfd_send_signal"},
    {"", 2, "-tkill -pidfd_send_signal -truncate -openat2"},
    {"", 0, "-tkill -pidfd_send_signal -truncate -openat2"},
    {"[exec]\nallow = none\n", 7, "!execve +set_tid_address +arch_prctl"},
    {"[exec]\nallow = /bin/true\n", 7, ""},
    {"[net]\nallow = any\n", 7, ""},
    {"[net]\nallow = none\n", 7, ""},
    {"[net]\nallow = any\n[exec]\nallow = none\n", 0,
     "!execve +set_tid_address +arch_prctl -tkill -pidfd_send_signal -truncate -openat2"},
    {"[syscalls]\ndeny = getpid @timer\n", 7,
     "-getpid -alarm -getitimer -setitimer -timer_create -timer_delete -timer_getoverrun -timer_gettime "
     "-timer_settime -timerfd_create -timerfd_gettime -timerfd_settime -times"},
    {"[syscalls]\nallow = chmod @chown @keyring personality\n", 7,
     "+chmod +chown +fchown +lchown +fchownat +add_key +request_key +keyctl +personality"},
    {"[syscalls]\nallow = pidfd_send_signal\n", 5, "-tkill -pidfd_send_signal"},
    /* What stands in both is refused. */
    {"[syscalls]\nallow = @chown\ndeny = chown\n", 7, "+fchown +lchown +fchownat"},
    {"[syscalls]\ndeny = execve\n", 7, "!execve"},
    /* By connect(2) the guard is reached. */
    {"[syscalls]\ndeny = @network-io\n", 7,
     "-accept -accept4 -bind -getpeername -getsockname -getsockopt -listen -recvfrom -recvmmsg -recvmsg "
     "-sendmmsg -sendmsg -sendto -setsockopt -shutdown -socket -socketpair"},
    {"[syscalls]\nallow = @debug @sandbox\n", 7, "+lookup_dcookie +perf_event_open"},
    {"[syscalls]\nallow = execve connect socket clone\n", 7, ""},
};

static struct hg_policy policy;
static struct hg_program programs[HG_CAGE_PROGRAMS];
static uint32_t expected[CALLS]; /* of the current case, before arguments are looked at */
static bool any_net, no_exec, scoped, holds_truncation;

static int set_expected(void *action, const char *name)
{
    int nr = seccomp_syscall_resolve_name(name);
    if (nr >= 0 && nr < CALLS)
        expected[nr] = *(uint32_t *)action;
    return 0;
}

static void expect_words(const char *words, uint32_t action)
{
    assert_int_equal(hg_syscall_each_of(words, set_expected, &action), 0);
}

static void expect_changes(const char *changes)
{
    char *copy = strdup(changes), *save = NULL;
    assert_non_null(copy);
    for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
        expect_words(word + 1, *word == '+' ? ALLOW : *word == '!' ? FAIL(EPERM) : NOTIFY);
    free(copy);
}

static void expect_case(const struct policy_case *c)
{
    for (int nr = 0; nr < CALLS; nr++)
        expected[nr] = FAIL(ENOSYS);
    expect_words("@known", ALLOW);
    expect_words(refused, NOTIFY);
    expect_words(brokered, NOTIFY);
    expect_words("clone3", FAIL(ENOSYS));
    expect_changes(c->changes);
    any_net = strstr(c->text, "[net]\nallow = any") != NULL;
    no_exec = strstr(c->text, "[exec]\nallow = none") != NULL;
    scoped = c->abi >= 6;
    holds_truncation = c->abi >= 3;
}

static bool stream(uint32_t type)
{
    return (type & 0xf) == SOCK_STREAM || (type & 0xf) == SOCK_SEQPACKET;
}

static uint32_t socket_action(const uint32_t *a)
{
    bool inet = a[0] == AF_INET || a[0] == AF_INET6;
    if (a[0] == AF_UNIX)
        return stream(a[1]) ? ALLOW : NOTIFY;
    if (inet && (a[1] & 0xf) == SOCK_STREAM && (a[2] == 0 || a[2] == IPPROTO_TCP))
        return ALLOW;
    if (inet && any_net && (a[1] & 0xf) == SOCK_DGRAM && (a[2] == 0 || a[2] == IPPROTO_UDP))
        return ALLOW;
    return NOTIFY;
}

static uint32_t ioctl_action(const uint32_t *a)
{
    static const uint32_t never[] = {TIOCSTI,
                                     TIOCLINUX,
                                     FS_IOC_SETFLAGS,
                                     FS_IOC_FSSETXATTR,
                                     0xc0502100 /* notify: receive */,
                                     0xc0182101 /* send */,
                                     0x40182103 /* add a descriptor */};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (a[1] == never[i])
            return FAIL(EPERM);
    return !scoped && (a[1] == 0x8901 || a[1] == 0x8902) ? FAIL(EPERM) : ALLOW;
}

/* What the arguments of an allowed call make of it. */
static uint32_t by_arguments(long nr, const uint32_t *a)
{
    const uint32_t new_flags = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                               CLONE_NEWPID | CLONE_NEWNET | CLONE_PARENT;
    bool guard = !scoped && a[0] == GUARD;
    switch (nr) {
    case SCMP_SYS(socket):
        return socket_action(a);
    case SCMP_SYS(socketpair):
        return a[0] == AF_UNIX && stream(a[1]) ? ALLOW : NOTIFY;
    case SCMP_SYS(sendto):
    case SCMP_SYS(sendmmsg):
        return (a[3] & MSG_FASTOPEN) == 0 ? ALLOW : NOTIFY;
    case SCMP_SYS(sendmsg):
        return (a[2] & MSG_FASTOPEN) == 0 ? ALLOW : NOTIFY;
    case SCMP_SYS(clone):
        return (a[0] & new_flags) == 0 ? ALLOW : NOTIFY;
    case SCMP_SYS(memfd_create):
        return no_exec || (a[1] & 8) != 0 ? ALLOW : NOTIFY;
    case SCMP_SYS(prlimit64):
        return a[0] == 0 ? ALLOW : NOTIFY;
    case SCMP_SYS(prctl):
        return a[0] == PR_SET_SECCOMP || a[0] == PR_SET_MM ? FAIL(EPERM) : ALLOW;
    case SCMP_SYS(ioctl):
        return ioctl_action(a);
    case SCMP_SYS(fcntl):
        return !scoped && (a[1] == 8 || a[1] == 15) ? FAIL(EPERM) : ALLOW;
    case SCMP_SYS(kill):
        return guard || (!scoped && (a[0] + 1 < 2 || a[0] == (uint32_t)-GUARD)) ? FAIL(EPERM) : ALLOW;
    case SCMP_SYS(open):
        return !holds_truncation && ((a[1] & 0x203) == 0x200 || (a[1] & 0x203) == 0x203) ? FAIL(EPERM)
                                                                                         : ALLOW;
    case SCMP_SYS(openat):
        return !holds_truncation && ((a[2] & 0x203) == 0x200 || (a[2] & 0x203) == 0x203) ? FAIL(EPERM)
                                                                                         : ALLOW;
    case SCMP_SYS(tgkill):
    case SCMP_SYS(rt_sigqueueinfo):
    case SCMP_SYS(rt_tgsigqueueinfo):
        return guard ? FAIL(EPERM) : ALLOW;
    default:
        return ALLOW;
    }
}

static uint32_t want(long nr, const uint64_t *args)
{
    uint32_t low[6];
    for (int i = 0; i < 6; i++)
        low[i] = (uint32_t)args[i];
    if (expected[nr] == FAIL(ENOSYS) || expected[nr] == FAIL(EPERM))
        return expected[nr];
    uint32_t action = by_arguments(nr, low);
    return action == FAIL(EPERM) || expected[nr] == ALLOW ? action : expected[nr];
}

/* --- building and checking
 * ----------------------------------------------------------------------------------- */

static void parse(const char *text)
{
    struct hg_error err = {""};
    if (hg_policy_parse(text, strlen(text), "p.ini", &policy, &err) != 0)
        fail_msg("%s", err.text);
}

static void build(const char *text, int abi, bool observe)
{
    struct hg_error err = {""};
    parse(text);
    struct hg_filter_options options = {&policy, GUARD, abi, observe};
    if (hg_filter_build(&options, programs, &err) != 0)
        fail_msg("%s", err.text);
    assert_true(programs[0].count > 0 && programs[0].count <= BPF_MAXINSNS);
    assert_true(programs[1].count > 0 && programs[1].count <= BPF_MAXINSNS);
}

static void tear_down(void)
{
    hg_programs_free(programs);
    hg_policy_free(&policy);
}

static struct sim_result run_call(uint32_t arch, long nr, const uint64_t *args)
{
    struct seccomp_data data = {.nr = (int)nr, .arch = arch, .instruction_pointer = 0x7fff12345678};
    memcpy(data.args, args, sizeof data.args);
    struct sim_result r = sim(programs, &data);
    assert_false(r.fault);
    return r;
}

static void check(const struct policy_case *c, long nr, const uint64_t *args)
{
    uint32_t got = run_call(SIM_ARCH, nr, args).action, right = want(nr, args);
    if (got == right)
        return;
    char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)nr);
    fail_msg("policy `%s` abi %d: %s (%ld) with %#llx %#llx %#llx %#llx: %#x and not %#x", c->text, c->abi,
             name != NULL ? name : "?", nr, (unsigned long long)args[0], (unsigned long long)args[1],
             (unsigned long long)args[2], (unsigned long long)args[3], got, right);
}

/* Upper halves that the kernel would drop. */
static const uint64_t garbage[] = {0, 1ull << 32, 0xffffffffull << 32, 0x8000000000000000ull};
#define GARBAGES (sizeof garbage / sizeof garbage[0])

/* --- tests
 * --------------------------------------------------------------------------------------------------- */

static void every_number(void **state)
{
    (void)state;
    static const uint64_t args[][6] = {
        {0, 0, 0, 0, 0, 0},
        {1, 1, 1, 1, 1, 1},
        {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
        {GUARD, GUARD, GUARD, GUARD, GUARD, GUARD},
        {22, 0x5412, 0, 0x20000000, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        build(cases[i].text, cases[i].abi, false);
        expect_case(&cases[i]);
        for (long nr = 0; nr < CALLS; nr++)
            for (size_t k = 0; k < sizeof args / sizeof args[0]; k++)
                check(&cases[i], nr, args[k]);
        tear_down();
    }
}

static void no_other_architecture(void **state)
{
    (void)state;
    static const uint64_t args[6] = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        build(cases[i].text, cases[i].abi, false);
        for (long nr = 0; nr < CALLS; nr++) {
            assert_int_equal(run_call(SIM_ARCH_FOREIGN, nr, args).action, KILL);
#ifdef __x86_64__
            assert_int_equal(run_call(SIM_ARCH, nr | 0x40000000, args).action, KILL);
#endif
        }
        static const long beyond[] = {1024, 4096, 0x3fffffff, -1};
        for (size_t k = 0; k < sizeof beyond / sizeof beyond[0]; k++)
            assert_int_equal(run_call(SIM_ARCH, beyond[k], args).action, FAIL(ENOSYS));
        tear_down();
    }
}

static void sockets(void **state)
{
    (void)state;
    static const uint64_t flags[] = {0,    SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_CLOEXEC | SOCK_NONBLOCK,
                                     0x10, 0x80000000};
    static const struct policy_case nets[] = {
        {"", 7, ""}, {"[net]\nallow = any\n", 7, ""}, {"[net]\nallow = none\n", 0, ""}};
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
        const struct policy_case *c = &nets[i];
        build(c->text, c->abi, false);
        expect_case(c);
        for (uint64_t domain = 0; domain <= 45; domain++)
            for (uint64_t type = 0; type <= 16; type++)
                for (uint64_t protocol = 0; protocol <= 300; protocol += protocol < 20 ? 1 : 7)
                    for (size_t k = 0; k < sizeof flags / sizeof flags[0] * GARBAGES; k++) {
                        uint64_t up = garbage[k % GARBAGES];
                        uint64_t a[6] = {domain | up, type | flags[k / GARBAGES] | up, protocol | up, up};
                        check(c, SCMP_SYS(socket), a);
                        check(c, SCMP_SYS(socketpair), a);
                    }
        tear_down();
    }
}

/* Calls that are judged by one or two arguments: all values of the list in the first four places. */
static void other_arguments(void **state)
{
    (void)state;
    static const int calls[] = {SCMP_SYS(sendto),
                                SCMP_SYS(sendmsg),
                                SCMP_SYS(sendmmsg),
                                SCMP_SYS(clone),
                                SCMP_SYS(prctl),
                                SCMP_SYS(prlimit64),
                                SCMP_SYS(ioctl),
                                SCMP_SYS(memfd_create),
                                SCMP_SYS(kill),
                                SCMP_SYS(tgkill),
                                SCMP_SYS(fcntl),
                                SCMP_SYS(rt_sigqueueinfo),
                                SCMP_SYS(rt_tgsigqueueinfo),
                                SCMP_SYS(tkill)};
    uint64_t values[192];
    size_t count = 0;
    for (int bit = 0; bit < 32; bit++)
        values[count++] = 1ull << bit;
    for (uint64_t v = 0; v < 64; v++)
        values[count++] = v;
    static const uint64_t more[] = {TIOCSTI,
                                    TIOCLINUX,
                                    TIOCSTI - 1,
                                    TIOCLINUX + 1,
                                    FS_IOC_SETFLAGS,
                                    FS_IOC_FSSETXATTR,
                                    FS_IOC_GETFLAGS,
                                    0xc0502100,
                                    0xc0182101,
                                    0x40182103,
                                    0xc0502101,
                                    0x8901,
                                    0x8902,
                                    0x8903,
                                    GUARD,
                                    GUARD - 1,
                                    GUARD + 1,
                                    (uint32_t)-GUARD,
                                    UINT32_MAX,
                                    UINT32_MAX - 1,
                                    CLONE_VM | CLONE_VFORK | SIGCHLD,
                                    CLONE_NEWUSER | SIGCHLD,
                                    0x3d0f00,
                                    0x20004000,
                                    0xdfffffff};
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        values[count++] = more[i];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        build(cases[i].text, cases[i].abi, false);
        expect_case(&cases[i]);
        for (size_t call = 0; call < sizeof calls / sizeof calls[0]; call++)
            for (size_t v = 0; v < count * GARBAGES * 4; v++) {
                uint64_t up = garbage[v / count % GARBAGES];
                uint64_t a[6] = {up, up, up, up, up, up};
                a[v / count / GARBAGES] |= values[v % count];
                check(&cases[i], calls[call], a);
            }
        tear_down();
    }
}

/* The kernel runs no program for a call that both allow by the number alone. */
static void plain_calls_look_at_no_argument(void **state)
{
    (void)state;
    static const int plain[] = {SCMP_SYS(read),  SCMP_SYS(write),   SCMP_SYS(mmap),   SCMP_SYS(futex),
                                SCMP_SYS(fcntl), SCMP_SYS(openat),  SCMP_SYS(close),  SCMP_SYS(getppid),
                                SCMP_SYS(brk),   SCMP_SYS(madvise), SCMP_SYS(recvmsg)};
    static const uint64_t args[6] = {0};
    build("", 7, false);
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        struct sim_result r = run_call(SIM_ARCH, plain[i], args);
        assert_int_equal(r.action, ALLOW);
        assert_false(r.looked);
    }
    for (long nr = 0; nr < CALLS; nr++) /* a tree, not a list */
        assert_true(run_call(SIM_ARCH, nr, args).steps < 64);
    tear_down();
}

/* landlock(7): before ABI 3 a descriptor that cannot write is no matter of Landlock's, and O_TRUNC truncates.
 */
static void old_landlock_truncates_nothing(void **state)
{
    (void)state;
    static const struct {
        uint64_t flags;
        bool refused;
    } rows[] = {
        {O_RDONLY, false},           {O_RDONLY | O_TRUNC, true},
        {O_ACCMODE | O_TRUNC, true}, {O_RDONLY | O_CREAT | O_TRUNC | O_CLOEXEC, true},
        {O_WRONLY | O_TRUNC, false}, {O_RDWR | O_CREAT | O_TRUNC, false},
        {O_RDONLY | O_CREAT, false}, {(uint64_t)7 << 32 | O_RDONLY | O_TRUNC, true},
    };
    for (int abi = 1; abi <= 4; abi++) {
        build("", abi, false);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            const uint64_t at[6] = {0, 0, rows[i].flags, 0, 0, 0}, plain[6] = {0, rows[i].flags, 0, 0, 0, 0};
            uint32_t right = rows[i].refused && abi < 3 ? FAIL(EPERM) : ALLOW;
            assert_int_equal(run_call(SIM_ARCH, SCMP_SYS(openat), at).action, right);
            assert_int_equal(run_call(SIM_ARCH, SCMP_SYS(open), plain).action, right);
        }
        tear_down();
    }
}

static void observe_refuses_nothing(void **state)
{
    (void)state;
    static const uint64_t args[6] = {PR_SET_SECCOMP, TIOCSTI, 0, 0, 0, 0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        build(cases[i].text, cases[i].abi, true);
        expect_case(&cases[i]);
        for (long nr = 0; nr < CALLS; nr++) {
            uint32_t right = want(nr, args), got = run_call(SIM_ARCH, nr, args).action;
            bool silent = right == FAIL(ENOSYS) || expected[nr] == ALLOW;
            assert_int_equal(got, right == NOTIFY || !silent ? NOTIFY : ALLOW);
            assert_int_equal(run_call(SIM_ARCH_FOREIGN, nr, args).action, ALLOW);
        }
        tear_down();
    }
}

static void every_call_has_a_name(void **state)
{
    (void)state;
    expect_case(&cases[0]);
    for (int nr = 0; nr < CALLS; nr++) {
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr);
        if (name != NULL && strcmp(name, "clone3") != 0 && expected[nr] == FAIL(ENOSYS))
            fail_msg("%s (%d) is in no group and not among the others", name, nr);
        free(name);
    }
}

static int count_call(void *count, const char *name)
{
    assert_true(name[0] != '@' && name[0] != '\0');
    ++*(int *)count;
    return 0;
}

static void groups(void **state)
{
    (void)state;
    const char *name;
    size_t i = 0;
    for (; (name = hg_syscall_group_name(i)) != NULL; i++) {
        int count = 0;
        assert_int_equal(hg_syscall_each(name, count_call, &count), 0);
        assert_true(count > 1);
    }
    assert_int_equal(i, 30);
    assert_int_equal(hg_syscall_each("@nothing", count_call, NULL), -ENOENT);
}

static void what_cannot_be_allowed(void **state)
{
    (void)state;
    static const char *const bad[] = {"seccomp",
                                      "ptrace",
                                      "process_vm_readv",
                                      "process_vm_writev",
                                      "pidfd_getfd",
                                      "io_uring_setup",
                                      "io_uring_enter",
                                      "io_uring_register",
                                      "execveat",
                                      "clone3",
                                      "unshare",
                                      "setns",
                                      "bpf",
                                      "open_by_handle_at",
                                      "@mount",
                                      "mount",
                                      "move_mount",
                                      "chroot",
                                      "@module",
                                      "init_module",
                                      "@raw-io",
                                      "iopl",
                                      "kexec_load",
                                      "kexec_file_load"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[128], line[128];
        struct hg_error err = {""};
        (void)snprintf(text, sizeof text, "[syscalls]\nbase = strict\nallow = chmod\n  %s\n", bad[i]);
        assert_int_equal(hg_policy_parse(text, strlen(text), "p.ini", &policy, &err), -EINVAL);
        (void)snprintf(line, sizeof line,
                       "p.ini:4: `allow` in [syscalls]: `%s` would undo the cage and cannot be allowed",
                       bad[i]);
        assert_string_equal(err.text, line);
    }
    /* A group lets in the rest of itself. */
    static const char *const groups_with_core[] = {"@known",   "@debug",      "@aio",    "@system-service",
                                                   "@process", "@privileged", "@sandbox"};
    for (size_t i = 0; i < sizeof groups_with_core / sizeof groups_with_core[0]; i++) {
        char text[128];
        static const uint64_t args[6] = {0};
        (void)snprintf(text, sizeof text, "[syscalls]\nallow = %s\n", groups_with_core[i]);
        build(text, 7, false);
        for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++)
            if (bad[k][0] != '@')
                assert_int_not_equal(run_call(SIM_ARCH, seccomp_syscall_resolve_name(bad[k]), args).action,
                                     ALLOW);
        tear_down();
    }
    static const char *const guards[] = {"connect", "set_tid_address", "arch_prctl"};
    for (size_t i = 0; i < sizeof guards / sizeof guards[0]; i++) {
        char text[128];
        struct hg_error err = {""};
        (void)snprintf(text, sizeof text, "[syscalls]\ndeny = %s\n", guards[i]);
        assert_int_equal(hg_policy_parse(text, strlen(text), "p.ini", &policy, &err), -EINVAL);
        assert_non_null(strstr(err.text, "p.ini:2: "));
    }
}

/* --- random policies
 * ----------------------------------------------------------------------------------------- */

static uint64_t seed;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static bool holds(const struct hg_condition *row, const uint64_t *args)
{
    for (unsigned i = 0; i < row->count; i++)
        if (((uint32_t)args[row->compare[i].arg] & row->compare[i].mask) != row->compare[i].value)
            return false;
    return true;
}

/* The plan, evaluated straight: what libseccomp made of it must be the same, merged conditions and all. */
static uint32_t by_plan(const struct hg_plan *plan, int nr, const uint64_t *args)
{
    bool rows = false, allowed = false;
    if (plan->calls[nr].verdict == HG_CALL_ERRNO)
        return FAIL(plan->calls[nr].error);
    for (size_t i = 0; i < plan->refuse_count; i++)
        if (plan->refuse[i].call == nr && holds(&plan->refuse[i], args))
            return FAIL(EPERM);
    if (plan->calls[nr].verdict != HG_CALL_ALLOW)
        return NOTIFY;
    for (size_t i = 0; i < plan->allow_count; i++) {
        rows |= plan->allow[i].call == nr;
        allowed |= plan->allow[i].call == nr && holds(&plan->allow[i], args);
    }
    return allowed || !rows ? ALLOW : NOTIFY;
}

static void add_words(char *text, size_t size, const char *key, bool may_be_group)
{
    (void)snprintf(text + strlen(text), size - strlen(text), "%s =", key);
    for (uint64_t n = next_random() % 6; n > 0; n--) {
        char word[64];
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)(next_random() % 450));
        const char *group = hg_syscall_group_name(next_random() % 30);
        bool use_group = may_be_group && next_random() % 3 == 0;
        (void)snprintf(word, sizeof word, " %s", use_group ? group : name != NULL ? name : "read");
        free(name);
        bool bad = strcmp(key, "allow") == 0
                       ? hg_syscall_core(word + 1)
                       : strcmp(word, " connect") == 0 || strcmp(word, " set_tid_address") == 0 ||
                             strcmp(word, " arch_prctl") == 0;
        if (!bad && strstr(text, word) == NULL)
            (void)snprintf(text + strlen(text), size - strlen(text), "%s", word);
    }
    (void)snprintf(text + strlen(text), size - strlen(text), "\n");
}

static void random_policies(void **state)
{
    (void)state;
    static const int conditional[] = {SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(ioctl),
                                      SCMP_SYS(prctl),  SCMP_SYS(kill),       SCMP_SYS(clone)};
    struct hg_plan *plan = malloc(sizeof *plan);
    assert_non_null(plan);
    for (int round = 0; round < 300; round++) {
        char text[1024] = "";
        seed = 0x9e3779b97f4a7c15ull + (uint64_t)round * 0x1000193;
        (void)snprintf(text, sizeof text, "[exec]\nallow = %s\n[net]\nallow = %s\n[syscalls]\nbase = %s\n",
                       next_random() % 2 ? "none" : "python", next_random() % 2 ? "any" : "hub",
                       next_random() % 2 ? "strict" : "default");
        add_words(text, sizeof text, "allow", true);
        add_words(text, sizeof text, "deny", true);
        int abi = (int)(next_random() % 8);
        build(text, abi, false);
        struct hg_filter_options options = {&policy, GUARD, abi, false};
        hg_plan_make(&options, false, plan);
        for (int i = 0; i < 20000; i++) {
            int nr = i < CALLS ? i : conditional[next_random() % 6];
            uint64_t a[6];
            for (int k = 0; k < 6; k++)
                a[k] = next_random() & (next_random() % 3 ? 0xf : next_random());
            if (run_call(SIM_ARCH, nr, a).action != by_plan(plan, nr, a))
                fail_msg("round %d: call %d of\n%s", round, nr, text);
        }
        tear_down();
    }
    free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number),
        cmocka_unit_test(no_other_architecture),
        cmocka_unit_test(sockets),
        cmocka_unit_test(other_arguments),
        cmocka_unit_test(plain_calls_look_at_no_argument),
        cmocka_unit_test(old_landlock_truncates_nothing),
        cmocka_unit_test(observe_refuses_nothing),
        cmocka_unit_test(every_call_has_a_name),
        cmocka_unit_test(groups),
        cmocka_unit_test(what_cannot_be_allowed),
        cmocka_unit_test(random_policies),
    };
    return cmocka_run_group_tests_name("cage filter", tests, NULL, NULL);
}
