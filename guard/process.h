/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc tells of another process, as far as it may be read. A process id can be used anew at any moment:
 * the caller must know that the process still lives, or not care. */
#ifndef HUBGUARD_GUARD_PROCESS_H
#define HUBGUARD_GUARD_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct hg_process {
    pid_t group;           /* thread group */
    pid_t parent;          /* of the group */
    uid_t uid;             /* with which files are reached (fsuid) */
    uint64_t capabilities; /* effective */
};

/* By thread or process id. 0, or -errno. */
int hg_process_read(pid_t pid, struct hg_process *out);
/* When it was started, in clock ticks since the machine was (sysconf(_SC_CLK_TCK)). 0 or -errno. */
int hg_process_started(pid_t pid, uint64_t *ticks);
/* That clock now. */
uint64_t hg_process_clock(void);
/* readlink(2) of /proc/PID/NAME. Length, or -errno. */
int hg_process_link(pid_t pid, const char *name, char *out, size_t size);
/* A path as that process means it: relative ones from its working directory, links resolved, also those of
 * its own /proc entries. False when it cannot be told, or stays below /proc. */
bool hg_process_path(pid_t pid, const char *path, char *out, size_t size);
/* Read memory, a string of less than `size` bytes: its length, or -errno (-EPERM: not ours to read, see
 * ptrace(2)). */
int hg_process_string(pid_t pid, uint64_t address, char *out, size_t size);
/* Exactly `size` bytes: 0 or -errno. */
int hg_process_memory(pid_t pid, uint64_t address, void *out, size_t size);

#endif
