/* SPDX-License-Identifier: Apache-2.0 */
/* What this kernel and this process's surroundings allow. Asks, changes nothing. */
#ifndef HUBGUARD_GUARD_MACHINE_H
#define HUBGUARD_GUARD_MACHINE_H

#include <stdbool.h>

struct hg_machine {
    char kernel[208];
    bool seccomp_filter, user_notify, addfd, tsync_esrch;
    int landlock_abi;   /* 0 when there is none: landlock_error says why */
    int landlock_error; /* ENOSYS not built in, EOPNOTSUPP switched off at boot, EPERM refused by a container
                         */
    bool pidfd_open, pidfd_getfd;
    int yama; /* /proc/sys/kernel/yama/ptrace_scope, -1 when there is no Yama */
    bool memfd_seals, memfd_noexec, proc_mounted;
    bool secure_execution; /* AT_SECURE: ld.so would ignore LD_PRELOAD */
};

void hg_machine_probe(struct hg_machine *out);

#endif
