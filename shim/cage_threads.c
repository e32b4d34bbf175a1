/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock, and fewer capabilities, for all threads. Before ABI 8 the kernel restricts the calling thread
 * only, so every other one is visited by a signal: the one that glibc keeps for setuid(2) in all threads and
 * lets no thread block. A thread that is started meanwhile inherits from one that was visited, or shows in
 * the next pass. */
#include "shim/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "shim/shim.h"

#define VISIT_SIGNAL 33 /* SIGSETXID of glibc's sysdeps/unix/sysv/linux/internal-signals.h */
#define ANSWER_MS    2000
#define SLOW_MS      50 /* then look whether the thread is still there */
#define THREADS_MAX  65536u
/* linux/capability.h, of which _LINUX_CAPABILITY_VERSION_3 holds 64. What is for administrating the machine
 * has no place in the cage, and lets its owner past parts of it (PERFMON: into other processes, NET_ADMIN:
 * around the broker, SYSLOG: to the kernel's log). What is for a user's own files, ports, memory and
 * processors stays. */
#define ADMINISTRATION                                                                                       \
    (1ull << CAP_LINUX_IMMUTABLE | 1ull << CAP_NET_BROADCAST | 1ull << CAP_NET_ADMIN | 1ull << CAP_NET_RAW | \
     1ull << CAP_SYS_MODULE | 1ull << CAP_SYS_RAWIO | 1ull << CAP_SYS_CHROOT | 1ull << CAP_SYS_PTRACE |      \
     1ull << CAP_SYS_PACCT | 1ull << CAP_SYS_ADMIN | 1ull << CAP_SYS_BOOT | 1ull << CAP_SYS_TIME |           \
     1ull << CAP_SYS_TTY_CONFIG | 1ull << CAP_MKNOD | 1ull << CAP_AUDIT_WRITE | 1ull << CAP_AUDIT_CONTROL |  \
     1ull << CAP_SETFCAP | 1ull << CAP_MAC_OVERRIDE | 1ull << CAP_MAC_ADMIN | 1ull << CAP_SYSLOG |           \
     1ull << CAP_WAKE_ALARM | 1ull << CAP_BLOCK_SUSPEND | 1ull << CAP_AUDIT_READ | 1ull << CAP_PERFMON |     \
     1ull << CAP_BPF | 1ull << CAP_CHECKPOINT_RESTORE)
#define RESTRICT_TSYNC 8u /* LANDLOCK_RESTRICT_SELF_TSYNC, ABI 8 */

enum { VISIT_SENT = 1, VISIT_DONE, VISIT_GONE, VISIT_FAILED };

struct visit {
    int tid;
    atomic_int state;
};

static struct {
    struct visit *visits; /* THREADS_MAX, mapped */
    atomic_uint count;
    atomic_int answers; /* futex */
    atomic_int error;
    int ruleset;
} round_trip;

/* struct sigaction of the kernel, the same on x86-64 and arm64. */
struct kernel_action {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};
static struct kernel_action before;

#if defined __x86_64__
#define SA_RESTORER 0x04000000ul
void hg_restore(void) __attribute__((visibility("hidden")));
__asm__(".pushsection .text\n.globl hg_restore\n.hidden hg_restore\n.type hg_restore,@function\n"
        "hg_restore:\n\tmov $15, %eax\n\tsyscall\n.size hg_restore, .-hg_restore\n.popsection");

static long raw(long number, long a, long b, long c)
{
    long result;
    register long r10 __asm__("r10") = 0;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined __aarch64__
#define SA_RESTORER 0ul
#define hg_restore  NULL
static long raw(long number, long a, long b, long c)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = 0;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}
#else
#define SA_RESTORER 0ul
#define hg_restore  NULL
static long raw(long number, long a, long b, long c)
{
    int saved = errno;
    long result = syscall(number, a, b, c, 0);
    result = result < 0 ? -errno : result;
    errno = saved;
    return result;
}
#endif

/* Of the calling thread. What a program that it starts gets anew as root is cut to what is left
 * (no_new_privs, capabilities(7)). 1 when there was something to drop, 0, or -errno. */
static int drop_capabilities(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2] = {{0}};
    long r = raw(SYS_capget, (long)&header, (long)sets, 0);
    if (r < 0)
        return (int)r;
    unsigned had = 0;
    for (int i = 0; i < 2; i++) {
        unsigned drop = (unsigned)(ADMINISTRATION >> (32 * i));
        had |= (sets[i].permitted | sets[i].inheritable) & drop;
        sets[i].effective &= ~drop;
        sets[i].permitted &= ~drop;
        sets[i].inheritable &= ~drop;
    }
    r = had == 0 ? 0 : raw(SYS_capset, (long)&header, (long)sets, 0);
    return r < 0 ? (int)r : had != 0;
}

static long restrict_self(void)
{
    int dropped = drop_capabilities();
    return dropped < 0 ? dropped : raw(SYS_landlock_restrict_self, round_trip.ruleset, 0, 0);
}

/* In the visited thread, which may be anywhere: no errno, nothing of its own is touched. Setting a user id in
 * another thread at this moment sends the same signal: each of the two is handled once, in whatever order. */
static void on_visit(int signal, siginfo_t *info, void *context)
{
    int tid = (int)raw(SYS_gettid, 0, 0, 0);
    unsigned n = atomic_load(&round_trip.count);
    for (unsigned i = 0; i < n; i++) {
        struct visit *v = &round_trip.visits[i];
        if (v->tid != tid || atomic_load(&v->state) != VISIT_SENT)
            continue;
        long r = restrict_self();
        if (r < 0)
            atomic_store(&round_trip.error, (int)-r);
        atomic_store(&v->state, r < 0 ? VISIT_FAILED : VISIT_DONE);
        atomic_fetch_add(&round_trip.answers, 1);
        (void)raw(SYS_futex, (long)&round_trip.answers, FUTEX_WAKE_PRIVATE, 1);
        return;
    }
    if ((uintptr_t)before.handler > 1) /* neither SIG_DFL nor SIG_IGN */
        before.handler(signal, info, context);
}

static long now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000L + t.tv_nsec / 1000000L;
}

static bool was_visited(int tid)
{
    unsigned n = atomic_load(&round_trip.count);
    for (unsigned i = 0; i < n; i++)
        if (round_trip.visits[i].tid == tid)
            return true;
    return false;
}

/* 1 when a signal is under way, 0 when the thread has ended, -errno. */
static int visit(int pid, int tid)
{
    unsigned i = atomic_load(&round_trip.count);
    if (i == THREADS_MAX)
        return -E2BIG;
    round_trip.visits[i].tid = tid;
    atomic_store(&round_trip.visits[i].state, VISIT_SENT);
    atomic_store(&round_trip.count, i + 1);
    for (int tries = 0; syscall(SYS_tgkill, pid, tid, VISIT_SIGNAL) != 0; tries++) {
        if (errno == ESRCH) {
            atomic_store(&round_trip.visits[i].state, VISIT_GONE);
            return 0;
        }
        if (errno != EAGAIN || tries == ANSWER_MS) /* EAGAIN: RLIMIT_SIGPENDING */
            return -errno;
        struct timespec pause = {0, 1000000};
        (void)nanosleep(&pause, NULL);
    }
    return 1;
}

/* A thread that ended with our signal pending never answers; the first thread stays as a zombie. */
static bool has_ended(int task_dir, int pid, int tid)
{
    char path[32], text[512];
    if (syscall(SYS_tgkill, pid, tid, 0) != 0 && errno == ESRCH)
        return true;
    (void)snprintf(path, sizeof path, "%d/stat", tid);
    int fd = hg_sys_openat(task_dir, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return fd == -ENOENT;
    ssize_t n = read(fd, text, sizeof text - 1);
    hg_sys_close(fd);
    if (n <= 0)
        return n < 0 && errno == ESRCH;
    text[n] = '\0';
    const char *name_end = strrchr(text, ')');
    return name_end != NULL && name_end[1] == ' ' && (name_end[2] == 'Z' || name_end[2] == 'X');
}

/* 0 when every signal so far was answered, or -errno with *tid. Busy threads on few cores answer one after
 * the other: as long as answers come, the time does not count. */
static int wait_for_answers(int task_dir, int pid, int *tid)
{
    long start = now_ms();
    unsigned first = 0;
    for (int before_that = 0;;) {
        int seen = atomic_load(&round_trip.answers);
        if (seen != before_that)
            start = now_ms();
        before_that = seen;
        unsigned n = atomic_load(&round_trip.count);
        long waited = now_ms() - start;
        while (first < n) {
            struct visit *v = &round_trip.visits[first];
            if (atomic_load(&v->state) == VISIT_SENT) {
                if (waited < SLOW_MS || !has_ended(task_dir, pid, v->tid))
                    break;
                atomic_store(&v->state, VISIT_GONE);
            }
            first++;
        }
        if (first == n)
            return -atomic_load(&round_trip.error);
        if (waited > ANSWER_MS) {
            *tid = round_trip.visits[first].tid;
            return -ETIMEDOUT;
        }
        struct timespec pause = {0, SLOW_MS * 1000000L / 2};
        (void)syscall(SYS_futex, &round_trip.answers, FUTEX_WAIT_PRIVATE, seen, &pause, NULL, 0);
    }
}

struct entry { /* getdents64(2) */
    uint64_t ino;
    int64_t off;
    unsigned short size;
    unsigned char type;
    char name[];
};

/* Visit whoever is new. How many there were, or -errno. */
static int pass(int task_dir, int pid, int self)
{
    char buffer[4096] __attribute__((aligned(8)));
    int visited = 0;
    if (lseek(task_dir, 0, SEEK_SET) < 0)
        return -errno;
    for (;;) {
        long n = syscall(SYS_getdents64, task_dir, buffer, sizeof buffer);
        if (n <= 0)
            return n < 0 ? -errno : visited;
        for (long at = 0; at < n;) {
            const struct entry *e = (const struct entry *)(const void *)(buffer + at);
            int tid = (int)strtol(e->name, NULL, 10); /* 0: no number */
            at += e->size;
            if (tid <= 0 || tid == self || was_visited(tid))
                continue;
            int code = visit(pid, tid);
            if (code < 0)
                return code;
            visited++;
        }
    }
}

static int visit_all(int task_dir, char *why, size_t size)
{
    int pid = (int)getpid(), self = (int)syscall(SYS_gettid), tid = 0, code;
    do {
        code = pass(task_dir, pid, self);
        int answered = code < 0 ? 0 : wait_for_answers(task_dir, pid, &tid);
        if (answered < 0)
            code = answered;
    } while (code > 0);
    if (code == -ETIMEDOUT)
        (void)snprintf(why, size,
                       "thread %d did not answer within %d seconds (it blocks signal %d or is stopped)", tid,
                       ANSWER_MS / 1000, VISIT_SIGNAL);
    else if (code < 0)
        (void)snprintf(why, size, "Landlock is not in force in every thread: %s", strerror(-code));
    return code;
}

int hg_threads_restrict(int ruleset, char *why, size_t size)
{
    round_trip.ruleset = ruleset;
    /* The kernel can do it for all threads, but it drops no capabilities there. */
    int dropped = drop_capabilities();
    if (dropped == 0 && syscall(SYS_landlock_restrict_self, ruleset, RESTRICT_TSYNC) == 0)
        return 0;
    long own = dropped < 0 ? dropped : restrict_self();
    if (own < 0) {
        (void)snprintf(why, size, "the calling thread cannot be restricted: %s", strerror((int)-own));
        return (int)own;
    }
    int task_dir = hg_sys_openat(AT_FDCWD, "/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (task_dir < 0) {
        (void)snprintf(why, size, "/proc/self/task cannot be read: %s", strerror(-task_dir));
        return task_dir;
    }
    void *visits = mmap(NULL, THREADS_MAX * sizeof *round_trip.visits, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    struct kernel_action ours = {on_visit, SA_SIGINFO | SA_RESTART | SA_ONSTACK | SA_RESTORER, hg_restore,
                                 ~(uint64_t)0};
    int code = visits == MAP_FAILED ? -ENOMEM : 0;
    if (code == 0) {
        round_trip.visits = visits;
        if (syscall(SYS_rt_sigaction, VISIT_SIGNAL, &ours, &before, sizeof ours.mask) != 0)
            code = -errno;
    }
    if (code != 0)
        (void)snprintf(why, size, "threads cannot be visited: %s", strerror(-code));
    else if ((code = visit_all(task_dir, why, size)) == 0)
        (void)syscall(SYS_rt_sigaction, VISIT_SIGNAL, &before, NULL, sizeof ours.mask);
    /* After a failure the handler, the table and the ruleset stay: a late thread still answers. */
    if (code == 0)
        (void)munmap(visits, THREADS_MAX * sizeof *round_trip.visits);
    hg_sys_close(task_dir);
    return code;
}
