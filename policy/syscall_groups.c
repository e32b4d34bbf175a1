/* SPDX-License-Identifier: Apache-2.0 */
/* System calls by name. Calls of other architectures stand there too: a name without a number on the machine
 * at hand is passed over when a filter is made. */
#include "policy/syscall_groups.h"

#include <errno.h>
#include <string.h>

#define NAME_SIZE 48 /* longer than any name */

static const struct group {
    const char *name, *words;
} groups[] = {
    {"@default",
     "arch_prctl brk cacheflush clock_getres clock_getres_time64 clock_gettime clock_gettime64 "
     "clock_nanosleep clock_nanosleep_time64 execve exit exit_group futex futex_time64 futex_waitv "
     "get_robust_list get_thread_area getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups "
     "getgroups32 getpgid getpgrp getpid getppid getrandom getresgid getresgid32 getresuid getresuid32 "
     "getrlimit getsid gettid gettimeofday getuid getuid32 membarrier mmap mmap2 mprotect munmap nanosleep "
     "pause prlimit64 restart_syscall riscv_flush_icache riscv_hwprobe rseq rt_sigreturn sched_getaffinity "
     "sched_yield set_robust_list set_thread_area set_tid_address set_tls sigreturn time ugetrlimit "
     "uretprobe"},
    {"@aio", "io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit "
             "io_uring_enter io_uring_register io_uring_setup"},
    {"@basic-io", "_llseek close close_range dup dup2 dup3 lseek pread64 preadv preadv2 pwrite64 pwritev "
                  "pwritev2 read readv write writev"},
    {"@chown", "chown chown32 fchown fchown32 fchownat lchown lchown32"},
    {"@clock", "adjtimex clock_adjtime clock_adjtime64 clock_settime clock_settime64 settimeofday"},
    {"@cpu-emulation", "modify_ldt subpage_prot switch_endian vm86 vm86old"},
    {"@debug",
     "lookup_dcookie perf_event_open pidfd_getfd ptrace rtas s390_runtime_instr sys_debug_setcontext"},
    {"@file-system",
     "access chdir chmod close creat faccessat faccessat2 fallocate fchdir fchmod fchmodat fchmodat2 fcntl "
     "fcntl64 fgetxattr flistxattr fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 "
     "ftruncate ftruncate64 futimesat getcwd getdents getdents64 getxattr getxattrat inotify_add_watch "
     "inotify_init inotify_init1 inotify_rm_watch lgetxattr link linkat listxattr listxattrat llistxattr "
     "lremovexattr lsetxattr lstat lstat64 mkdir mkdirat mknod mknodat newfstat newfstatat oldfstat oldlstat "
     "oldstat open openat openat2 readlink readlinkat removexattr removexattrat rename renameat renameat2 "
     "rmdir setxattr setxattrat stat stat64 statfs statfs64 statx symlink symlinkat truncate truncate64 "
     "unlink unlinkat utime utimensat utimensat_time64 utimes"},
    {"@io-event", "_newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 "
                  "epoll_wait epoll_wait_old eventfd eventfd2 poll ppoll ppoll_time64 pselect6 "
                  "pselect6_time64 select"},
    {"@ipc", "ipc memfd_create mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 "
             "mq_timedsend mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd pipe pipe2 "
             "process_madvise process_vm_readv process_vm_writev semctl semget semop semtimedop "
             "semtimedop_time64 shmat shmctl shmdt shmget"},
    {"@keyring", "add_key keyctl request_key"},
    {"@memlock", "mlock mlock2 mlockall munlock munlockall"},
    {"@module", "delete_module finit_module init_module"},
    {"@mount",
     "chroot fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree open_tree_attr "
     "pivot_root umount umount2"},
    {"@network-io", "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom "
                    "recvmmsg recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown "
                    "socket socketcall socketpair"},
    {"@obsolete", "_sysctl afs_syscall bdflush break create_module ftime get_kernel_syms getpmsg gtty idle "
                  "lock mpx prof profil putpmsg query_module security sgetmask ssetmask stime stty sysfs "
                  "tuxcall ulimit uselib ustat vserver"},
    {"@pkey", "pkey_alloc pkey_free pkey_mprotect"},
    {"@privileged",
     "@chown @clock @module @raw-io @reboot @swap _sysctl acct bpf capset chroot fanotify_init "
     "fanotify_mark nfsservctl open_by_handle_at pivot_root quotactl quotactl_fd setdomainname "
     "setfsuid setfsuid32 setgroups setgroups32 sethostname setresuid setresuid32 setreuid "
     "setreuid32 setuid setuid32 vhangup"},
    {"@process", "capget clone clone3 execveat fork getrusage kill pidfd_open pidfd_send_signal prctl "
                 "rt_sigqueueinfo rt_tgsigqueueinfo setns swapcontext tgkill times tkill unshare vfork wait4 "
                 "waitid waitpid"},
    {"@raw-io", "ioperm iopl pciconfig_iobase pciconfig_read pciconfig_write s390_pci_mmio_read "
                "s390_pci_mmio_write"},
    {"@reboot", "kexec_file_load kexec_load reboot"},
    {"@resources", "ioprio_set mbind migrate_pages move_pages nice sched_setaffinity sched_setattr "
                   "sched_setparam sched_setscheduler set_mempolicy set_mempolicy_home_node setpriority "
                   "setrlimit"},
    {"@sandbox", "landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp"},
    {"@setuid", "setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid setresgid32 setresuid "
                "setresuid32 setreuid setreuid32 setuid setuid32"},
    {"@signal",
     "rt_sigaction rt_sigpending rt_sigprocmask rt_sigsuspend rt_sigtimedwait "
     "rt_sigtimedwait_time64 sigaction sigaltstack signal signalfd signalfd4 sigpending sigprocmask "
     "sigsuspend"},
    {"@swap", "swapoff swapon"},
    {"@sync", "fdatasync fsync msync sync sync_file_range sync_file_range2 syncfs"},
    {"@system-service",
     "@aio @basic-io @chown @default @file-system @io-event @ipc @keyring @memlock @network-io @process "
     "@resources @setuid @signal @sync @timer arm_fadvise64_64 capget capset copy_file_range fadvise64 "
     "fadvise64_64 flock get_mempolicy getcpu getpriority ioctl ioprio_get kcmp madvise mremap "
     "name_to_handle_at oldolduname olduname personality readahead readdir remap_file_pages "
     "sched_get_priority_max sched_get_priority_min sched_getattr sched_getparam sched_getscheduler "
     "sched_rr_get_interval sched_rr_get_interval_time64 sched_yield sendfile sendfile64 setfsgid setfsgid32 "
     "setfsuid setfsuid32 "
     "setpgid setsid splice sysinfo tee umask uname userfaultfd vmsplice"},
    {"@timer", "alarm getitimer setitimer timer_create timer_delete timer_getoverrun timer_gettime "
               "timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime "
               "timerfd_gettime64 timerfd_settime timerfd_settime64 times"},
};

/* Those that are in no group of systemd.exec(5). */
static const char ungrouped[] =
    "cachestat futex_requeue futex_wait futex_wake listmount lsm_get_self_attr lsm_list_modules "
    "lsm_set_self_attr map_shadow_stack memfd_secret mincore mseal process_mrelease statmount syslog";

/* These would undo the cage, or act from outside of it: filters of one's own, other processes' memory and
 * descriptors, calls whose arguments or effects the filter cannot see, other namespaces and mounts, the
 * kernel itself. clone3 takes its flags in memory. */
static const char core[] =
    "seccomp ptrace process_vm_readv process_vm_writev pidfd_getfd io_uring_setup io_uring_enter "
    "io_uring_register execveat clone3 unshare setns bpf open_by_handle_at @mount @module @raw-io kexec_load "
    "kexec_file_load";

const char hg_syscalls_refused[] =
    "seccomp ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp io_uring_setup "
    "io_uring_enter io_uring_register execveat unshare setns bpf perf_event_open userfaultfd personality "
    "open_by_handle_at fanotify_init fanotify_mark quotactl quotactl_fd syslog vhangup acct lookup_dcookie "
    "lsm_set_self_attr nfsservctl sethostname setdomainname epoll_ctl_old epoll_wait_old "
    "@mount @module @keyring @reboot @swap @raw-io @clock @cpu-emulation @obsolete "
    /* Landlock does not know these rights; libc's functions are brokered. */
    "@chown chmod fchmod fchmodat fchmodat2 setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr "
    "fremovexattr removexattrat";

/* Learnt with strace -f -c: CPython 3.8 to 3.13 with their multiprocessing, subprocess, asyncio and shutil;
 * torch and transformers on a CPU (a model from its configuration, saved and loaded, a training loop with
 * forked, spawned and forkserver workers, checkpoints, a socket). Then added: what other releases of glibc
 * call in place of those, and what the hub clients' file locks and downloads take. landlock_restrict_self is
 * the shim's own, after the filter is in force. */
const char hg_syscalls_strict[] =
    "@default @basic-io @io-event @signal @timer "
    /* files */
    "access capget capset chdir copy_file_range creat faccessat faccessat2 fadvise64 fallocate fchdir fcntl "
    "fdatasync "
    "fgetxattr flistxattr flock fstat fstatfs fsync ftruncate getcwd getdents getdents64 getxattr lgetxattr "
    "link linkat listxattr llistxattr lstat mkdir mkdirat newfstatat open openat readlink readlinkat rename "
    "renameat renameat2 rmdir sendfile stat statfs statx symlink symlinkat sync_file_range truncate umask "
    "unlink unlinkat utime utimensat utimes "
    /* memory */
    "get_mempolicy madvise map_shadow_stack mbind memfd_create mincore mremap mseal msync set_mempolicy "
    /* processes and threads; none of another user, none of another priority */
    "clone fork futex_requeue futex_wait futex_wake getcpu getrusage kill pidfd_open prctl "
    "sched_get_priority_max sched_get_priority_min sched_getparam sched_getscheduler sched_setaffinity "
    "setpgid setsid sysinfo tgkill uname vfork wait4 waitid landlock_restrict_self "
    /* pipes and sockets; of which kind the conditions say */
    "accept accept4 bind connect getpeername getsockname getsockopt ioctl listen pipe pipe2 recvfrom "
    "recvmmsg "
    "recvmsg sendmmsg sendmsg sendto setsockopt shutdown socket socketpair";

const char *hg_syscall_group_name(size_t i)
{
    if (i < sizeof groups / sizeof groups[0])
        return groups[i].name;
    return i == sizeof groups / sizeof groups[0] ? "@known" : NULL;
}

int hg_syscall_each_of(const char *words, hg_syscall_fn *fn, void *ctx)
{
    char word[NAME_SIZE];
    int rc = 0;
    while (rc == 0 && *words != '\0') {
        size_t n = strcspn(words, " ");
        if (n > 0 && n < sizeof word) {
            memcpy(word, words, n);
            word[n] = '\0';
            rc = hg_syscall_each(word, fn, ctx);
        }
        words += n + strspn(words + n, " ");
    }
    return rc;
}

int hg_syscall_each(const char *word, hg_syscall_fn *fn, void *ctx)
{
    int rc = 0;
    bool known = strcmp(word, "@known") == 0;
    if (word[0] != '@')
        return fn(ctx, word);
    for (size_t i = 0; rc == 0 && i < sizeof groups / sizeof groups[0]; i++) {
        if (strcmp(groups[i].name, word) == 0)
            return hg_syscall_each_of(groups[i].words, fn, ctx);
        if (known)
            rc = hg_syscall_each_of(groups[i].words, fn, ctx);
    }
    if (!known)
        return -ENOENT;
    return rc != 0 ? rc : hg_syscall_each_of(ungrouped, fn, ctx);
}

/* --- the core
 * ------------------------------------------------------------------------------------------------ */

static int same_name(void *wanted, const char *name)
{
    return strcmp(wanted, name) == 0;
}

static int is_not_core(void *ctx, const char *name)
{
    char copy[NAME_SIZE];
    (void)ctx;
    size_t n = strnlen(name, sizeof copy - 1);
    memcpy(copy, name, n);
    copy[n] = '\0';
    return hg_syscall_each_of(core, same_name, copy) != 1;
}

bool hg_syscall_core(const char *word)
{
    return hg_syscall_each(word, is_not_core, NULL) == 0;
}
