/* SPDX-License-Identifier: Apache-2.0 */
/* The programs in the kernel: a child installs them as the shim does and makes calls that do no harm; the
 * parent answers what notifies with an errno that nothing else gives. The results must be those of the
 * simulation, and of an allowed call those that it had before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "policy/syscall_groups.h"
#include "tests/unit/bpf_sim.h"

#define GUARD    0x3ffffff /* no process has this number */
#define NOTIFIED EREMCHG   /* the parent's answer */
#define UP       (1ull << 32)

struct probe {
    int nr;
    uint64_t args[6];
};

/* Each of these fails or changes nothing, and none fails with EPERM or ENOSYS on its own. */
static const struct probe probes[] = {
    {SCMP_SYS(getppid), {0}},
    {SCMP_SYS(umask), {022}},
    {SCMP_SYS(sched_yield), {0}},
    {SCMP_SYS(read), {UINT64_MAX}},
    {SCMP_SYS(fcntl), {UINT64_MAX, 1}},
    {SCMP_SYS(fcntl), {UINT64_MAX, 8}},
    {SCMP_SYS(fcntl), {UINT64_MAX, 8 | UP}},
    {SCMP_SYS(ioctl), {UINT64_MAX, TCGETS}},
    {SCMP_SYS(ioctl), {UINT64_MAX, TIOCSTI}},
    {SCMP_SYS(ioctl), {UINT64_MAX, TIOCSTI | UP}},
    {SCMP_SYS(ioctl), {UINT64_MAX, TIOCLINUX}},
    {SCMP_SYS(ioctl), {UINT64_MAX, 0x8901}},
    {SCMP_SYS(prctl), {PR_SET_SECCOMP, 99}},
    {SCMP_SYS(prctl), {PR_SET_SECCOMP | UP, 99}},
    {SCMP_SYS(prctl), {PR_GET_DUMPABLE}},
    {SCMP_SYS(kill), {GUARD, 0}},
    {SCMP_SYS(kill), {GUARD + 1, 0}},
    {SCMP_SYS(kill), {(uint32_t)-GUARD, 0}},
    {SCMP_SYS(tgkill), {GUARD | UP, 1, 0}},
    {SCMP_SYS(tkill), {GUARD, 0}},
    {SCMP_SYS(clone), {CLONE_NEWUSER | CLONE_THREAD}},
    {SCMP_SYS(clone), {CLONE_NEWNET | CLONE_THREAD | UP}},
    {SCMP_SYS(clone), {CLONE_THREAD}},
    {SCMP_SYS(clone3), {0, 0}},
    {SCMP_SYS(memfd_create), {0, 0}},
    {SCMP_SYS(memfd_create), {0, 8}},
    {SCMP_SYS(prlimit64), {0, 99}},
    {SCMP_SYS(prlimit64), {GUARD, 0}},
    {SCMP_SYS(sendto), {UINT64_MAX, 0, 0, 0}},
    {SCMP_SYS(sendto), {UINT64_MAX, 0, 0, MSG_FASTOPEN}},
    {SCMP_SYS(sendmsg), {UINT64_MAX, 0, MSG_FASTOPEN | UP}},
    {SCMP_SYS(sendmmsg), {UINT64_MAX, 0, 0, MSG_FASTOPEN}},
    {SCMP_SYS(connect), {UINT64_MAX, 0, 0}},
    {SCMP_SYS(execve), {0}},
    {SCMP_SYS(execveat), {UINT64_MAX, 0}},
    {SCMP_SYS(unshare), {0}},
    {SCMP_SYS(setns), {UINT64_MAX, 0}},
    {SCMP_SYS(fchmod), {UINT64_MAX, 0}},
    {SCMP_SYS(chmod), {0}},
    {SCMP_SYS(fchown), {UINT64_MAX, 0, 0}},
    {SCMP_SYS(fsetxattr), {UINT64_MAX, 0}},
    {SCMP_SYS(personality), {UINT32_MAX}},
    {SCMP_SYS(keyctl), {99}},
    {SCMP_SYS(seccomp), {99}},
    {SCMP_SYS(semget), {1, 0, 0}},
    {SCMP_SYS(openat), {UINT64_MAX, 0, 0}},
    {SCMP_SYS(nanosleep), {0, 0}},
    {SCMP_SYS(timer_delete), {UINT32_MAX}},
    {SCMP_SYS(accept4), {UINT64_MAX}},
    {SCMP_SYS(inotify_rm_watch), {UINT64_MAX, 0}},
};
#define FIXED   (sizeof probes / sizeof probes[0])
#define SOCKETS 40
#define PROBES  (FIXED + SOCKETS)

struct shared {
    struct probe probes[PROBES];
    int before[PROBES], after[PROBES]; /* errno, 0 for success */
    atomic_int listener, go, done;     /* of the child; listener -1: not there yet, -2: it cannot */
};

static struct shared *shared;
static struct hg_policy policy;
static struct hg_program programs[HG_CAGE_PROGRAMS];

static uint64_t seed;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static int make_call(const struct probe *p)
{
    long rc = syscall(p->nr, p->args[0], p->args[1], p->args[2], p->args[3], p->args[4], p->args[5]);
    if (rc >= 0 && (p->nr == SCMP_SYS(socket)))
        close((int)rc);
    return rc == -1 ? errno : 0;
}

static int install(const struct hg_program *program, unsigned flags)
{
    struct sock_fprog prog = {program->count, program->items};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                        flags | SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH, &prog);
}

/* Memory that both see instead of calls: a random policy may refuse every one of them, exit too. */
static void child(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || install(&programs[0], 0) < 0) {
        shared->listener = -2;
        _exit(1);
    }
    int listener = install(&programs[1], SECCOMP_FILTER_FLAG_NEW_LISTENER);
    shared->listener = listener >= 0 ? listener : -2;
    while (!shared->go)
        ;
    for (size_t i = 0; i < PROBES; i++)
        shared->after[i] = make_call(&shared->probes[i]);
    shared->done = 1;
    for (;;)
        ;
}

static void answer(int listener)
{
    struct seccomp_notif ask = {0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &ask) != 0)
        return;
    struct seccomp_notif_resp reply = {.id = ask.id, .error = -NOTIFIED};
    (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

static void run_child(void)
{
    const struct timespec moment = {0, 50000};
    shared->listener = -1;
    shared->go = shared->done = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        child();
    while (shared->listener == -1)
        (void)nanosleep(&moment, NULL);
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), listener = -1;
    if (shared->listener >= 0)
        listener = (int)syscall(SYS_pidfd_getfd, pidfd, shared->listener, 0);
    shared->go = listener >= 0;
    while (listener >= 0 && !shared->done) {
        struct pollfd p = {listener, POLLIN, 0};
        if (poll(&p, 1, 1) > 0 && (p.revents & POLLIN) != 0)
            answer(listener);
    }
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    close(pidfd);
    assert_true(listener >= 0);
    close(listener);
}

static void add_word(char *text, size_t size, const char *key)
{
    static const char *const words[] = {"chmod",   "@chown",      "fsetxattr", "personality", "@keyring",
                                        "semget",  "@ipc",        "@timer",    "umask",       "@file-system",
                                        "socket",  "@network-io", "clone",     "kill",        "@process",
                                        "@signal", "ioctl",       "execve",    "@default"};
    size_t i = next_random() % (sizeof words / sizeof words[0]);
    (void)snprintf(text + strlen(text), size - strlen(text), "%s = %s\n", key, words[i]);
}

static void random_policy(int round, int *abi)
{
    char text[512];
    struct hg_error err = {""};
    seed = 0x2545f4914f6cdd1dull + (uint64_t)round * 0x9e3779b9;
    for (int i = 0; i < 8; i++)
        (void)next_random();
    (void)snprintf(text, sizeof text, "[exec]\nallow = %s\n[net]\nallow = %s\n[syscalls]\nbase = %s\n",
                   next_random() % 2 ? "none" : "python", next_random() % 2 ? "any" : "hub",
                   next_random() % 2 ? "strict" : "default");
    if (next_random() % 2)
        add_word(text, sizeof text, "allow");
    if (next_random() % 2)
        add_word(text, sizeof text, "deny");
    *abi = (int)(next_random() % 8);
    if (hg_policy_parse(text, strlen(text), "p.ini", &policy, &err) != 0)
        fail_msg("%s in\n%s", err.text, text);
    memcpy(shared->probes, probes, sizeof probes);
    for (size_t i = FIXED; i < PROBES; i++) {
        uint64_t flags = next_random() % 2 ? SOCK_CLOEXEC : SOCK_NONBLOCK;
        uint64_t up = next_random() % 3 ? 0 : UP;
        shared->probes[i] = (struct probe){
            SCMP_SYS(socket),
            {(next_random() % 2 ? next_random() % 46 : 1 + next_random() % 2 * 9) | up,
             (next_random() % 6) | flags | up, (next_random() % 3 ? next_random() % 20 : 0) | up}};
    }
}

static int simulated(const struct probe *p, int before)
{
    struct seccomp_data data = {.nr = p->nr, .arch = SIM_ARCH};
    memcpy(data.args, p->args, sizeof data.args);
    struct sim_result r = sim(programs, &data);
    assert_false(r.fault);
    switch (r.action & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW:
        return before;
    case SECCOMP_RET_USER_NOTIF:
        return NOTIFIED;
    case SECCOMP_RET_ERRNO:
        return (int)(r.action & SECCOMP_RET_DATA);
    default:
        return -1;
    }
}

static void kernel_and_simulator_agree(void **state)
{
    (void)state;
    size_t refused = 0, allowed = 0;
    for (int round = 0; round < 200; round++) {
        int abi;
        struct hg_error err = {""};
        random_policy(round, &abi);
        if (hg_filter_build(&(struct hg_filter_options){&policy, GUARD, abi, round % 10 == 9}, programs,
                            &err) != 0)
            fail_msg("%s", err.text);
        for (size_t i = 0; i < PROBES; i++)
            shared->before[i] = make_call(&shared->probes[i]);
        run_child();
        for (size_t i = 0; i < PROBES; i++) {
            const struct probe *p = &shared->probes[i];
            int right = simulated(p, shared->before[i]);
            refused += right != shared->before[i];
            allowed += right == shared->before[i];
            if (shared->after[i] != right)
                fail_msg(
                    "round %d: call %d (%#llx, %#llx, %#llx): errno %d, simulated %d, without the filter %d",
                    round, p->nr, (unsigned long long)p->args[0], (unsigned long long)p->args[1],
                    (unsigned long long)p->args[2], shared->after[i], right, shared->before[i]);
        }
        hg_programs_free(programs);
        hg_policy_free(&policy);
    }
    assert_true(refused > 1000 && allowed > 1000); /* the probes can tell */
}

/* --- what dies
 * ------------------------------------------------------------------------------------------------ */

static int end_of(void (*act)(void), bool filtered)
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (filtered && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || install(&programs[0], 0) < 0 ||
                         install(&programs[1], 0) < 0))
            _exit(99);
        act();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) == 99 ? -1 : 0;
}

#ifdef __x86_64__
static void x32_getpid(void)
{
    (void)syscall(0x40000000 + SYS_getpid);
}

/* getpid's number on i386; a segmentation fault where the kernel has no i386. */
static void i386_getpid(void)
{
    long rc;
    __asm__ volatile("int $0x80" : "=a"(rc) : "0"(20L) : "memory", "r8", "r9", "r10", "r11");
}
#endif

/* Nobody holds the listener: what would notify is ENOSYS, and nothing waits. */
static void refused_without_guard(void)
{
    bool good = syscall(SYS_connect, -1, NULL, 0) == -1 && errno == ENOSYS && syscall(SYS_unshare, 0) == -1 &&
                errno == ENOSYS && syscall(SYS_getppid) > 0;
    if (!good)
        (void)raise(SIGABRT);
}

static void default_filter(bool observe)
{
    struct hg_error err = {""};
    assert_int_equal(hg_policy_default(&policy, &err), 0);
    assert_int_equal(hg_filter_build(&(struct hg_filter_options){&policy, GUARD, 7, observe}, programs, &err),
                     0);
}

static void what_kills(void **state)
{
    (void)state;
    default_filter(false);
    assert_int_equal(end_of(refused_without_guard, true), 0);
#ifdef __x86_64__
    assert_int_equal(end_of(x32_getpid, false), 0);
    assert_int_equal(end_of(x32_getpid, true), SIGSYS);
    if (end_of(i386_getpid, false) == 0)
        assert_int_equal(end_of(i386_getpid, true), SIGSYS);
#endif
    hg_programs_free(programs);
    hg_policy_free(&policy);
    default_filter(true);
#ifdef __x86_64__
    assert_int_equal(end_of(x32_getpid, true), 0);
#endif
    hg_programs_free(programs);
    hg_policy_free(&policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_kills),
        cmocka_unit_test(kernel_and_simulator_agree),
    };
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 1;
    int rc = cmocka_run_group_tests_name("cage filter, live", tests, NULL, NULL);
    (void)munmap(shared, sizeof *shared);
    return rc;
}
