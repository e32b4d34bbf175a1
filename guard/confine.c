/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/confine.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER 1
#endif
#endif

/* All that malloc, a scan and an end need. libyara guards its scans with a SIGBUS handler, hence the signal
 * calls; a handler gives no right. */
static const int plain_calls[] = {
    SCMP_SYS(read),         SCMP_SYS(write),          SCMP_SYS(munmap),       SCMP_SYS(mremap),
    SCMP_SYS(brk),          SCMP_SYS(madvise),        SCMP_SYS(exit),         SCMP_SYS(exit_group),
    SCMP_SYS(futex),        SCMP_SYS(clock_gettime),  SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
#ifdef ADDRESS_SANITIZER
    SCMP_SYS(sched_yield),  SCMP_SYS(sigaltstack),    SCMP_SYS(getpid),       SCMP_SYS(gettid),
#endif
};

/* Third argument: prot. One comparison a system call, so nothing is merged (libseccomp GHSA-4q85-33p6-j5g6).
 */
static const int no_exec_calls[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};

static int limit(__rlimit_resource_t resource, rlim_t value)
{
    struct rlimit r = {value, value};
    return setrlimit(resource, &r) != 0 ? -errno : 0;
}

static int limits(uint64_t memory)
{
    int rc = limit(RLIMIT_CORE, 0);
    if (rc == 0)
        rc = limit(RLIMIT_NOFILE, 1);
    if (rc == 0)
        rc = limit(RLIMIT_NPROC, 0);
    if (rc == 0)
        rc = limit(RLIMIT_FSIZE, 0);
#ifndef ADDRESS_SANITIZER /* whose shadow alone is 16 TiB of address space */
    if (rc == 0)
        rc = limit(RLIMIT_AS, (rlim_t)memory);
#else
    (void)memory;
#endif
    return rc;
}

static int filter(void)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (ctx == NULL)
        return -ENOMEM;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof plain_calls / sizeof plain_calls[0]; i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, plain_calls[i], 0);
    for (size_t i = 0; rc == 0 && i < sizeof no_exec_calls / sizeof no_exec_calls[0]; i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, no_exec_calls[i], 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, (scmp_datum_t)PROT_EXEC, 0));
    if (rc == 0)
        rc = seccomp_load(ctx); /* sets PR_SET_NO_NEW_PRIVS itself */
    seccomp_release(ctx);
    return rc;
}

int hg_confine(int channel, uint64_t memory)
{
    if (channel != 0 && dup2(channel, 0) < 0)
        return -errno;
    if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -errno;
    if (syscall(SYS_close_range, 1u, ~0u, 0u) != 0) {
        if (errno != ENOSYS) /* Linux before 5.9 */
            return -errno;
        long most = sysconf(_SC_OPEN_MAX);
        for (int fd = 1; fd < most; fd++)
            close(fd);
    }
    int rc = limits(memory);
    return rc != 0 ? rc : filter();
}
