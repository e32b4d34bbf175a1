/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of system calls under the names that systemd.exec(5) gives them. Internal to policy/. */
#ifndef HUBGUARD_POLICY_SYSCALL_GROUPS_H
#define HUBGUARD_POLICY_SYSCALL_GROUPS_H

#include <stdbool.h>
#include <stddef.h>

/* One name at a time, without its group's; a non-zero return ends the walk and is passed on. */
typedef int hg_syscall_fn(void *ctx, const char *name);

/* `word` is the name of a call, a group ("@mount", with the groups that it holds), or "@known": every call of
 * every group and those that are in none. -ENOENT for a group that there is not. */
int hg_syscall_each(const char *word, hg_syscall_fn *fn, void *ctx);
/* Every word of a blank-separated list. */
int hg_syscall_each_of(const char *words, hg_syscall_fn *fn, void *ctx);
/* The i-th group's name, NULL behind the last. */
const char *hg_syscall_group_name(size_t i);

/* No policy can allow a call of the core again: with any of these a process could take its cage off or reach
 * around it. True when every call of `word` is such a one. */
bool hg_syscall_core(const char *word);

/* Lists of words: what `base = default` refuses, and what `base = strict` allows. */
extern const char hg_syscalls_refused[];
extern const char hg_syscalls_strict[];

#endif
