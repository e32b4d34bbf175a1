/* SPDX-License-Identifier: Apache-2.0 */
/* The cage closes once, before the first remote statement. The guard builds it (two seccomp programs, a
 * Landlock ruleset) and the shim installs it; a process in which that failed runs no remote code any more. */
#include "shim/cage.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "shim/places.h"
#include "shim/shim.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* Linux 5.19 */
#endif

enum progress { CAGE_NONE = 0, CAGE_CLOSING, CAGE_CLOSED, CAGE_FAILED };
enum force { FORCE_NO = 0, FORCE_YES, FORCE_PERHAPS /* the environment says so */ };

static struct {
    atomic_int progress, force;
    atomic_int closer, closer_thread; /* pid and tid of whoever closes it */
    atomic_int owner;                 /* pid of this process, since it knows or has heard of its cage */
    char places[HG_WIRE_TEXT_MAX];
    char failure[1024]; /* a whole message, or a reason */
    bool told;          /* on stderr */
} cage;

static const char failed_hint[] = "failed";

void hg_cage_init(const char *hint)
{
    if (hint == NULL || *hint == '\0')
        return;
    if (strcmp(hint, failed_hint) != 0) {
        atomic_store(&cage.force, FORCE_PERHAPS);
        atomic_store(&cage.owner, (int)getpid());
        return;
    }
    (void)snprintf(cage.failure, sizeof cage.failure,
                   "the cage could not be closed in the process that started this one");
    atomic_store(&cage.progress, CAGE_FAILED);
}

const char *hg_cage_env(void)
{
    if (atomic_load(&cage.progress) == CAGE_FAILED)
        return "HUBGUARD_CAGE=failed";
    return atomic_load(&cage.force) != FORCE_NO ? "HUBGUARD_CAGE=1" : NULL;
}

/* --- whether it is in force --- */

void hg_cage_noticed(void)
{
    if (atomic_exchange(&cage.force, FORCE_YES) == FORCE_NO)
        atomic_store(&cage.owner, (int)getpid());
}

bool hg_cage_probe(void)
{
    int saved = errno, perhaps = FORCE_PERHAPS;
    int fd = hg_channel();
    if (fd >= 0)
        hg_sys_close(fd);
    else if (fd == -ENOSYS)
        hg_cage_noticed(); /* a cage whose guard is gone */
    else
        (void)atomic_compare_exchange_strong(&cage.force, &perhaps, FORCE_NO);
    errno = saved;
    return fd >= 0 || fd == -ENOSYS;
}

bool hg_caged(void)
{
    int force = atomic_load_explicit(&cage.force, memory_order_relaxed);
    return force == FORCE_YES || (force == FORCE_PERHAPS && hg_cage_probe());
}

bool hg_cage_own(void)
{
    return atomic_load(&cage.owner) == (int)getpid();
}

bool hg_cage_place(char kind, const char *path)
{
    return hg_place_holds(cage.places, kind, path);
}

/* --- fork --- */

static void wait_while_closing(void)
{
    while (atomic_load(&cage.progress) == CAGE_CLOSING) {
        struct timespec pause = {0, 200000};
        (void)nanosleep(&pause, NULL);
    }
}

void hg_cage_before_fork(void)
{
    if (atomic_load(&cage.closer_thread) != (int)syscall(SYS_gettid))
        wait_while_closing();
}

void hg_cage_after_fork(void)
{
    if (atomic_load(&cage.force) != FORCE_NO)
        atomic_store(&cage.owner, (int)getpid());
}

/* --- closing --- */

static int failed(const char *what)
{
    if (cage.failure[0] == '\0')
        (void)snprintf(cage.failure, sizeof cage.failure, "%s", what);
    return -EACCES;
}

/* Install the program in `memfd` for all threads. seccomp(2)'s result, or -errno. */
static int install(int memfd, unsigned long flags)
{
    struct stat st;
    if (fstat(memfd, &st) != 0)
        return -errno;
    size_t count = (size_t)st.st_size / sizeof(struct sock_filter);
    if (count == 0 || count > BPF_MAXINSNS || (size_t)st.st_size % sizeof(struct sock_filter) != 0)
        return -EBADMSG;
    void *items = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, memfd, 0);
    if (items == MAP_FAILED)
        return -errno;
    struct sock_fprog program = {.len = (unsigned short)count, .filter = items};
    unsigned long all = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
    long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, all | flags, &program);
    int code = r < 0 ? -errno : (int)r;
    (void)munmap(items, (size_t)st.st_size);
    return code;
}

/* Both programs. The listener's descriptor, or -errno. From the second on, calls that notify wait for the
 * guard to have it: none is made in between. */
static int install_programs(const int *memfds)
{
    int code = 0;
    for (int i = 0; i < HG_CAGE_PROGRAM_FDS - 1 && code == 0; i++)
        code = install(memfds[i], 0);
    if (code != 0)
        return code;
    /* A signal must not take back a call that the guard has under way already. */
    int last = memfds[HG_CAGE_PROGRAM_FDS - 1];
    unsigned long listener = SECCOMP_FILTER_FLAG_NEW_LISTENER;
    code = install(last, listener | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
    return code == -EINVAL ? install(last, listener) : code;
}

/* Give the listener to the guard; or, with -1, say why there is none. 0: the cage is supervised, or the
 * policy lets remote code run without one. -EACCES. */
static int hand_over(int sock, const char *file, int listener, int error, const char *why)
{
    struct hg_ask ask = {.request = {.kind = HG_REQ_LISTENER,
                                     .flags = listener < 0 ? (uint32_t)HG_REQ_NO_BYTES : 0,
                                     .error = (uint32_t)error},
                         .path = file,
                         .resolved = why,
                         .fd = listener};
    return hg_ask_over(sock, &ask, NULL);
}

static int no_cage(int sock, const char *file, const char *what, int error)
{
    char why[256];
    (void)snprintf(why, sizeof why, "%s: %s", what, strerror(error));
    return hand_over(sock, file, -1, error, why) == 0 ? 0 : failed(why);
}

static int restrict_threads(const char *file, int ruleset)
{
    char why[512];
    int code = hg_threads_restrict(ruleset, why, sizeof why);
    if (code == 0)
        return 0;
    int sock = hg_guard_connect();
    int passes = sock < 0 ? sock : hand_over(sock, file, -1, -code, why);
    if (sock >= 0)
        hg_sys_close(sock);
    return passes == 0 ? 0 : failed(why);
}

static int install_cage(const char *file, int sock, const int *fds, unsigned count)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0)
        return no_cage(sock, file, "no_new_privs cannot be set", errno);
    (void)prctl(PR_SET_PTRACER, (unsigned long)hg_guard_pid(), 0L, 0L, 0L); /* EINVAL without Yama */
    int listener = install_programs(fds);
    if (listener < 0)
        return no_cage(sock, file, "the kernel does not take the seccomp filter", -listener);
    int code = hand_over(sock, file, listener, 0, NULL);
    hg_sys_close(listener);
    if (code != 0)
        return failed("the guard does not supervise it");
    hg_cage_noticed();
    return count == HG_CAGE_FDS ? restrict_threads(file, fds[HG_CAGE_PROGRAM_FDS]) : 0;
}

/* What the guard says to the cage: 0 and descriptors (none: this process has its cage already, or needs
 * none), or -EACCES. */
static int ask_for_cage(const char *file, int *fds, unsigned *count)
{
    struct hg_reply reply;
    struct hg_ask ask = {.request = {.kind = HG_REQ_CAGE, .flags = HG_REQ_NO_BYTES},
                         .path = file,
                         .fd = -1,
                         .fds = fds,
                         .fds_room = HG_CAGE_FDS};
    int code = hg_ask_guard(&ask, &reply);
    *count = ask.fds_got;
    if (code != 0) {
        cage.told = (reply.flags & HG_REPLY_BANNER) != 0;
        (void)snprintf(cage.failure, sizeof cage.failure, "%.1000s", hg_thread.message);
        return -EACCES;
    }
    memcpy(cage.places, hg_thread.message, sizeof cage.places);
    if ((ask.fds_got == 0 && reply.error == 0) ||
        ask.fds_got == ((reply.flags & HG_REPLY_LANDLOCK) != 0 ? HG_CAGE_FDS : HG_CAGE_PROGRAM_FDS))
        return 0;
    return failed("the guard sent no whole cage");
}

static int close_now(const char *file)
{
    int fds[HG_CAGE_FDS];
    unsigned count = 0;
    cage.failure[0] = '\0';
    bool inside = hg_cage_probe(); /* whatever the environment says */
    int code = ask_for_cage(file, fds, &count);
    if (code == 0 && !inside && count != 0) {
        int sock = hg_guard_connect();
        code = sock < 0 ? failed("the guard is gone") : install_cage(file, sock, fds, count);
        if (sock >= 0)
            hg_sys_close(sock);
    }
    /* A thread that answers its visit late still needs the ruleset. */
    unsigned keep = code != 0 && count == HG_CAGE_FDS ? 1 : 0;
    for (unsigned i = 0; i + keep < count; i++)
        hg_sys_close(fds[i]);
    return code;
}

/* The refusal, in this thread's message. The guard's own text is a whole message. */
static int refuse(const char *file)
{
    static atomic_int said;
    if (strncmp(cage.failure, "hubguard:", 9) == 0)
        (void)snprintf(hg_thread.message, sizeof hg_thread.message, "%s", cage.failure);
    else
        (void)snprintf(hg_thread.message, sizeof hg_thread.message,
                       "hubguard: blocked %.2000s\n  the cage cannot be closed: %s\n  no remote code runs in "
                       "this process\n",
                       file, cage.failure);
    if (atomic_exchange(&said, 1) == 0 && !cage.told)
        hg_say(hg_thread.message);
    return -EACCES;
}

/* True for the one thread that is to close it. */
static bool may_start(void)
{
    int none = CAGE_NONE;
    if (atomic_compare_exchange_strong(&cage.progress, &none, CAGE_CLOSING)) {
        atomic_store(&cage.closer, (int)getpid());
        atomic_store(&cage.closer_thread, (int)syscall(SYS_gettid));
        return true;
    }
    int closer = atomic_load(&cage.closer);
    if (none == CAGE_CLOSING && closer != 0 && closer != (int)getpid()) {
        (void)failed("this process was forked, past fork(3), while the cage was being closed");
        atomic_store(&cage.progress, CAGE_FAILED);
    }
    return false;
}

int hg_cage_close(const char *file)
{
    int now = atomic_load_explicit(&cage.progress, memory_order_acquire);
    if (__builtin_expect(now == CAGE_CLOSED, 1))
        return 0;
    int saved = errno;
    if (may_start()) {
        int code = close_now(file);
        atomic_store(&cage.progress, code == 0 ? CAGE_CLOSED : CAGE_FAILED);
        atomic_store(&cage.closer_thread, 0);
    } else {
        wait_while_closing();
    }
    now = atomic_load(&cage.progress) == CAGE_CLOSED ? 0 : refuse(file);
    errno = saved;
    return now;
}
