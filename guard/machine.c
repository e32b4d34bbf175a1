/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x8U /* Linux 6.3 */
#endif
#ifndef SECCOMP_FILTER_FLAG_TSYNC_ESRCH
#define SECCOMP_FILTER_FLAG_TSYNC_ESRCH (1UL << 4)
#endif

static bool action_available(uint32_t action)
{
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0u, &action) == 0;
}

/* A filter that does not exist: EFAULT says that the flags are known, EINVAL that they are not (seccomp(2)).
 */
static bool flags_known(unsigned long flags)
{
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, (unsigned)flags, NULL) != 0 && errno == EFAULT;
}

/* SECCOMP_IOCTL_NOTIF_ADDFD came with 5.9, its SECCOMP_ADDFD_FLAG_SEND with 5.14; only a listener could be
 * asked, the notification sizes tell of 5.0. */
static bool at_least(const char *release, long major, long minor)
{
    char *dot;
    long have_major = strtol(release, &dot, 10);
    if (dot == release || *dot != '.')
        return false;
    long have_minor = strtol(dot + 1, NULL, 10);
    return have_major > major || (have_major == major && have_minor >= minor);
}

static void probe_seccomp(struct hg_machine *m, const char *release)
{
    struct seccomp_notif_sizes sizes;
    m->seccomp_filter = action_available(SECCOMP_RET_KILL_PROCESS) && flags_known(0);
    m->user_notify = action_available(SECCOMP_RET_USER_NOTIF) &&
                     syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0u, &sizes) == 0;
    m->addfd = m->user_notify && at_least(release, 5, 14);
    m->tsync_esrch = flags_known(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH |
                                 SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

static void probe_landlock(struct hg_machine *m)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0ul, LANDLOCK_CREATE_RULESET_VERSION);
    m->landlock_abi = abi > 0 ? (int)abi : 0;
    m->landlock_error = abi > 0 ? 0 : errno;
}

static void probe_pidfd(struct hg_machine *m)
{
    int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0u);
    m->pidfd_open = pidfd >= 0;
    if (pidfd < 0)
        return;
    int copy = (int)syscall(SYS_pidfd_getfd, pidfd, pidfd, 0u);
    m->pidfd_getfd = copy >= 0;
    if (copy >= 0)
        close(copy);
    close(pidfd);
}

static int read_yama(void)
{
    char text[16] = "";
    int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    return n > 0 ? (int)strtol(text, NULL, 10) : -1;
}

static bool memfd_seals_work(void)
{
    int fd = memfd_create("hubguard", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return false;
    int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    bool works = fcntl(fd, F_ADD_SEALS, seals) == 0 && fcntl(fd, F_GET_SEALS) == seals;
    close(fd);
    return works;
}

static bool memfd_noexec_works(void)
{
    int fd = (int)syscall(SYS_memfd_create, "hubguard", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

void hg_machine_probe(struct hg_machine *m)
{
    struct utsname name;
    struct stat st;
    memset(m, 0, sizeof *m);
    if (uname(&name) != 0)
        memset(&name, 0, sizeof name);
    (void)snprintf(m->kernel, sizeof m->kernel, "%s %s %s", name.sysname, name.release, name.machine);
    probe_seccomp(m, name.release);
    probe_landlock(m);
    probe_pidfd(m);
    m->yama = read_yama();
    m->memfd_seals = memfd_seals_work();
    m->memfd_noexec = memfd_noexec_works();
    m->proc_mounted = stat("/proc/self/fd", &st) == 0;
    m->secure_execution = getauxval(AT_SECURE) != 0;
}
