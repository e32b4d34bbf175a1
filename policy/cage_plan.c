/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/cage_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "policy/syscall_groups.h"

#define MFD_NOEXEC_SEAL_BIT    0x8u /* linux/memfd.h of 6.3 */
#define SETOWN                 8u   /* fcntl.h's F_SETOWN and F_SETOWN_EX, linux/sockios.h's FIOSETOWN */
#define SETOWN_EX              15u
#define FIO_SETOWN             0x8901u
#define SIOC_SPGRP             0x8902u
#define USERFAULTFD_NEW        0xaa00u     /* linux/userfaultfd.h of 6.1: the same by a device */
#define EXT4_SETVERSION        0x40086604u /* fs/ext4/ext4.h */
#define BTRFS_SNAP_CREATE      0x50009401u /* linux/btrfs.h: they read one subvolume and make another */
#define BTRFS_SNAP_CREATE_V2   0x50009417u
#define BTRFS_SUBVOL_CREATE    0x5000940eu
#define BTRFS_SUBVOL_CREATE_V2 0x50009418u
#define BTRFS_SNAP_DESTROY     0x5000940fu

/* Arguments that are int in the kernel are compared without their upper half, which the kernel drops and a
 * caller may fill with anything. */
#define ALL UINT32_MAX
#define IS(n, v)                                                                                             \
    {                                                                                                        \
        n, ALL, (uint32_t)(v)                                                                                \
    }
#define TYPE(n, v)                                                                                           \
    {                                                                                                        \
        n, 0xf, v                                                                                            \
    } /* SOCK_TYPE_MASK: the rest are SOCK_CLOEXEC and SOCK_NONBLOCK */
#define CLEAR(n, v)                                                                                          \
    {                                                                                                        \
        n, (uint32_t)(v), 0                                                                                  \
    }
#define SET(n, v)                                                                                            \
    {                                                                                                        \
        n, (uint32_t)(v), (uint32_t)(v)                                                                      \
    }

enum when { ALWAYS, DATAGRAMS, PROGRAMS_HELD, NO_TRUNCATE_RIGHT, NO_SIGNAL_SCOPE };

struct row {
    const char *call;
    enum when when;
    struct hg_compare compare[3]; /* to the first without a mask */
};

/* Allowed with these arguments only. What the sockets may then be connected to is the guard's to decide; a
 * datagram socket needs no connect to send anywhere, and neither does fast open. A static program in a memfd
 * would run past Landlock. CLONE_PARENT would make a child of the guard's. */
static const struct row allow_rows[] = {
    {"socket", ALWAYS, {IS(0, AF_UNIX), TYPE(1, SOCK_STREAM)}},
    {"socket", ALWAYS, {IS(0, AF_UNIX), TYPE(1, SOCK_SEQPACKET)}},
    {"socket", ALWAYS, {IS(0, AF_INET), TYPE(1, SOCK_STREAM), IS(2, 0)}},
    {"socket", ALWAYS, {IS(0, AF_INET), TYPE(1, SOCK_STREAM), IS(2, IPPROTO_TCP)}},
    {"socket", ALWAYS, {IS(0, AF_INET6), TYPE(1, SOCK_STREAM), IS(2, 0)}},
    {"socket", ALWAYS, {IS(0, AF_INET6), TYPE(1, SOCK_STREAM), IS(2, IPPROTO_TCP)}},
    {"socket", DATAGRAMS, {IS(0, AF_INET), TYPE(1, SOCK_DGRAM), IS(2, 0)}},
    {"socket", DATAGRAMS, {IS(0, AF_INET), TYPE(1, SOCK_DGRAM), IS(2, IPPROTO_UDP)}},
    {"socket", DATAGRAMS, {IS(0, AF_INET6), TYPE(1, SOCK_DGRAM), IS(2, 0)}},
    {"socket", DATAGRAMS, {IS(0, AF_INET6), TYPE(1, SOCK_DGRAM), IS(2, IPPROTO_UDP)}},
    {"socketpair", ALWAYS, {IS(0, AF_UNIX), TYPE(1, SOCK_STREAM)}},
    {"socketpair", ALWAYS, {IS(0, AF_UNIX), TYPE(1, SOCK_SEQPACKET)}},
    {"sendto", ALWAYS, {CLEAR(3, MSG_FASTOPEN)}},
    {"sendmsg", ALWAYS, {CLEAR(2, MSG_FASTOPEN)}},
    {"sendmmsg", ALWAYS, {CLEAR(3, MSG_FASTOPEN)}},
    {"clone",
     ALWAYS,
     {CLEAR(0, CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
                   CLONE_NEWNET | CLONE_PARENT)}},
    {"memfd_create", PROGRAMS_HELD, {SET(1, MFD_NOEXEC_SEAL_BIT)}},
    {"prlimit64", ALWAYS, {IS(0, 0)}},
};

/* Allowed without these arguments only. PR_SET_MM can change what /proc/PID/exe says; the terminal calls type
 * for the user; inode flags, versions and a file system's label are attributes that Landlock does not know,
 * and a snapshot takes denied places along; who has a copy of the listener could answer in place of the
 * guard; the owner of a descriptor is sent signals. */
static const struct row refuse_rows[] = {
    {"prctl", ALWAYS, {IS(0, PR_SET_SECCOMP)}},
    {"prctl", ALWAYS, {IS(0, PR_SET_MM)}},
    {"ioctl", ALWAYS, {IS(1, TIOCSTI)}},
    {"ioctl", ALWAYS, {IS(1, TIOCLINUX)}},
    {"ioctl", ALWAYS, {IS(1, FS_IOC_SETFLAGS)}},
    {"ioctl", ALWAYS, {IS(1, FS_IOC_FSSETXATTR)}},
    {"ioctl", ALWAYS, {IS(1, FS_IOC_SETVERSION)}},
    {"ioctl", ALWAYS, {IS(1, EXT4_SETVERSION)}},
    {"ioctl", ALWAYS, {IS(1, FS_IOC_SETFSLABEL)}},
    {"ioctl", ALWAYS, {IS(1, BTRFS_SNAP_CREATE)}},
    {"ioctl", ALWAYS, {IS(1, BTRFS_SNAP_CREATE_V2)}},
    {"ioctl", ALWAYS, {IS(1, BTRFS_SUBVOL_CREATE)}},
    {"ioctl", ALWAYS, {IS(1, BTRFS_SUBVOL_CREATE_V2)}},
    {"ioctl", ALWAYS, {IS(1, BTRFS_SNAP_DESTROY)}},
    {"ioctl", ALWAYS, {IS(1, USERFAULTFD_NEW)}},
    {"ioctl", ALWAYS, {IS(1, SECCOMP_IOCTL_NOTIF_RECV)}},
    {"ioctl", ALWAYS, {IS(1, SECCOMP_IOCTL_NOTIF_SEND)}},
    {"ioctl", ALWAYS, {IS(1, SECCOMP_IOCTL_NOTIF_ADDFD)}},
    /* Without FMODE_WRITE, so that an older Landlock asks for no right to write, and truncates all the same.
     */
    {"open", NO_TRUNCATE_RIGHT, {{1, O_ACCMODE | O_TRUNC, O_RDONLY | O_TRUNC}}},
    {"open", NO_TRUNCATE_RIGHT, {{1, O_ACCMODE | O_TRUNC, O_ACCMODE | O_TRUNC}}},
    {"openat", NO_TRUNCATE_RIGHT, {{2, O_ACCMODE | O_TRUNC, O_RDONLY | O_TRUNC}}},
    {"openat", NO_TRUNCATE_RIGHT, {{2, O_ACCMODE | O_TRUNC, O_ACCMODE | O_TRUNC}}},
    {"ioctl", NO_SIGNAL_SCOPE, {IS(1, FIO_SETOWN)}},
    {"ioctl", NO_SIGNAL_SCOPE, {IS(1, SIOC_SPGRP)}},
    {"fcntl", NO_SIGNAL_SCOPE, {IS(1, SETOWN)}},
    {"fcntl", NO_SIGNAL_SCOPE, {IS(1, SETOWN_EX)}},
};

static bool has_word(const struct hg_words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->items[i], word) == 0)
            return true;
    return false;
}

/* --- verdicts
 * ------------------------------------------------------------------------------------------------ */

struct setting {
    struct hg_plan *plan;
    enum hg_call_verdict verdict;
};

/* -1: the call is none of this machine's. */
static int number(const char *name)
{
    int nr = seccomp_syscall_resolve_name(name);
    return nr >= 0 && nr < HG_PLAN_CALLS ? nr : -1;
}

static void set(struct hg_plan *plan, const char *name, enum hg_call_verdict verdict, int error)
{
    int nr = number(name);
    if (nr < 0)
        return;
    plan->calls[nr].verdict = (uint8_t)verdict;
    plan->calls[nr].error = (uint8_t)error;
}

static int set_verdict(void *ctx, const char *name)
{
    const struct setting *s = ctx;
    set(s->plan, name, s->verdict, 0);
    return 0;
}

static void set_all(struct hg_plan *plan, const char *words, enum hg_call_verdict verdict)
{
    (void)hg_syscall_each_of(words, set_verdict, &(struct setting){plan, verdict});
}

static int allow_again(void *ctx, const char *name)
{
    struct hg_plan *plan = ctx;
    int nr = number(name);
    if (nr >= 0 && plan->calls[nr].verdict == HG_CALL_REFUSE && !hg_syscall_core(name))
        plan->calls[nr].verdict = HG_CALL_ALLOW;
    return 0;
}

/* An execve that the guard is asked about would be judged by [exec] allow alone. connect(2) and
 * set_tid_address(2) stay the guard's: by the one it is reached, with the other it holds programs back. */
static int deny(void *ctx, const char *name)
{
    struct hg_plan *plan = ctx;
    int nr = number(name);
    if (strcmp(name, "execve") == 0)
        set(plan, name, HG_CALL_ERRNO, EPERM);
    else if (nr >= 0 && plan->calls[nr].verdict == HG_CALL_ALLOW)
        plan->calls[nr].verdict = HG_CALL_REFUSE;
    return 0;
}

static void verdicts(const struct hg_filter_options *options, struct hg_plan *plan)
{
    const struct hg_policy *policy = options->policy;
    bool none = has_word(&policy->exec_allow, "none");
    for (int i = 0; i < HG_PLAN_CALLS; i++) {
        plan->calls[i].verdict = HG_CALL_ERRNO;
        plan->calls[i].error = ENOSYS;
    }
    set_all(plan, "@known", policy->syscalls_strict ? HG_CALL_REFUSE : HG_CALL_ALLOW);
    if (policy->syscalls_strict)
        set_all(plan, hg_syscalls_strict, HG_CALL_ALLOW);
    set_all(plan, hg_syscalls_refused, HG_CALL_REFUSE);
    for (size_t i = 0; i < policy->syscalls_allow.count; i++)
        (void)hg_syscall_each(policy->syscalls_allow.items[i], allow_again, plan);
    set(plan, "connect", HG_CALL_BROKER, 0);
    set(plan, "execve", none ? HG_CALL_ERRNO : HG_CALL_BROKER, none ? EPERM : 0);
    set(plan, "set_tid_address", none ? HG_CALL_ALLOW : HG_CALL_BROKER, 0);
    set(plan, "arch_prctl", none ? HG_CALL_ALLOW : HG_CALL_BROKER, 0); /* x86 only */
    for (size_t i = 0; i < policy->syscalls_deny.count; i++)
        (void)hg_syscall_each(policy->syscalls_deny.items[i], deny, plan);
    /* glibc goes on with clone(2) when it hears that there is no clone3(2). */
    set(plan, "clone3", HG_CALL_ERRNO, ENOSYS);
    if (options->landlock_abi < HG_LANDLOCK_TRUNCATE) /* by path, and with flags that lie in memory */
        set_all(plan, "truncate truncate64 openat2", HG_CALL_REFUSE);
    if (options->landlock_abi < HG_LANDLOCK_SIGNALS)
        set_all(plan, "tkill pidfd_send_signal", HG_CALL_REFUSE); /* they name threads and descriptors */
}

/* --- conditions
 * ---------------------------------------------------------------------------------------------- */

static void add(struct hg_condition *rows, size_t *count, const char *call, const struct hg_compare *compare)
{
    int nr = number(call);
    if (nr < 0 || *count == HG_PLAN_ROWS)
        return;
    struct hg_condition *row = &rows[(*count)++];
    *row = (struct hg_condition){.call = nr};
    while (row->count < 3 && compare[row->count].mask != 0) {
        row->compare[row->count] = compare[row->count];
        row->count++;
    }
}

/* Where nobody resolves names for the process, it does so itself, by UDP; where nothing holds programs back,
 * a memfd is no way around it. */
static bool applies(const struct hg_filter_options *options, bool alone, enum when when)
{
    const struct hg_policy *policy = options->policy;
    switch (when) {
    case DATAGRAMS:
        return has_word(&policy->net_allow, "any") || (alone && !has_word(&policy->net_allow, "none"));
    case PROGRAMS_HELD:
        return !alone && !has_word(&policy->exec_allow, "none");
    case NO_TRUNCATE_RIGHT:
        return options->landlock_abi < HG_LANDLOCK_TRUNCATE;
    case NO_SIGNAL_SCOPE:
        return options->landlock_abi < HG_LANDLOCK_SIGNALS;
    case ALWAYS:
        break;
    }
    return true;
}

/* Signals to the guard, to its group, to the caller's group, which may be the guard's, and to everybody. */
static void spare_guard(struct hg_plan *plan, pid_t guard)
{
    static const char *const by_process[] = {"kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"};
    const int32_t groups[] = {-guard, -1, 0};
    for (size_t i = 0; i < sizeof by_process / sizeof by_process[0]; i++)
        add(plan->refuse, &plan->refuse_count, by_process[i], (const struct hg_compare[3]){IS(0, guard)});
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        add(plan->refuse, &plan->refuse_count, "kill", (const struct hg_compare[3]){IS(0, groups[i])});
}

void hg_plan_make(const struct hg_filter_options *options, bool alone, struct hg_plan *out)
{
    memset(out, 0, sizeof *out);
    verdicts(options, out);
    for (size_t i = 0; i < sizeof allow_rows / sizeof allow_rows[0]; i++)
        if (applies(options, alone, allow_rows[i].when))
            add(out->allow, &out->allow_count, allow_rows[i].call, allow_rows[i].compare);
    for (size_t i = 0; i < sizeof refuse_rows / sizeof refuse_rows[0]; i++)
        if (applies(options, alone, refuse_rows[i].when))
            add(out->refuse, &out->refuse_count, refuse_rows[i].call, refuse_rows[i].compare);
    if (options->guard > 0 && applies(options, alone, NO_SIGNAL_SCOPE))
        spare_guard(out, options->guard);
}
