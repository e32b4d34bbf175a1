/* SPDX-License-Identifier: Apache-2.0 */
/* The cage of this process: what the kernel refuses it from its first remote statement on. */
#ifndef HUBGUARD_SHIM_CAGE_H
#define HUBGUARD_SHIM_CAGE_H

#include <stdbool.h>
#include <stddef.h>

/* --- closing (cage.c) --- */

/* Close the cage, once in a process; everybody else waits for whoever does it. `file` is the remote file that
 * is about to run. 0: remote code may run. -EACCES: it may not, here and in every fork, and hg_thread.message
 * says why. */
int hg_cage_close(const char *file);
/* Whether the cage is in force. A child that got the environment of a caged process asks its guard, once. */
bool hg_caged(void);
/* The same for a process that does not know yet that it was born into a cage: asks the guard (one system call
 * that fails outside of a cage). */
bool hg_cage_probe(void);
/* The channel has answered: connect(2) of this process goes to the guard. */
void hg_cage_noticed(void);
/* Whether `path` (absolute, clean) lies at a place of that kind ('W', 'D') of the policy. */
bool hg_cage_place(char kind, const char *path);
/* Whether this is the process that knows of its cage, not a child that shares its memory (vfork(2)). */
bool hg_cage_own(void);

void hg_cage_init(const char *hint);
/* "HUBGUARD_CAGE=..." for children, or NULL. */
const char *hg_cage_env(void);
/* Around fork(2): a child of the very moment in which the cage closes would be half caged. */
void hg_cage_before_fork(void);
void hg_cage_after_fork(void);

/* --- threads (cage_threads.c) --- */

/* Put every thread of this process under the Landlock ruleset. 0, or -errno with `why`. */
int hg_threads_restrict(int ruleset, char *why, size_t size);

/* --- what was refused (refused.c) --- */

/* Tell the guard, once for each path, that the kernel has refused this: `act` is "exec", "write" or "read".
 * Leaves errno alone; nothing happens outside of a cage or in a vfork child. */
void hg_refused_open(int dirfd, const char *path, bool writing);
void hg_refused_exec(const char *path);

#endif
