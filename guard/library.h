/* SPDX-License-Identifier: Apache-2.0 */
/* Where libhubguard.so lies: beside the program in a build tree, in ../lib/hubguard when installed. */
#ifndef HUBGUARD_GUARD_LIBRARY_H
#define HUBGUARD_GUARD_LIBRARY_H

#include <stddef.h>

#include "scanner/error.h"

/* 0, or -ENOENT with *err naming the places looked at. */
int hg_library_find(char *out, size_t size, struct hg_error *err);
/* Put the library first in LD_PRELOAD of this process's environment and keep what else is there. ld.so splits
 * the value at spaces and colons: a library whose path has one cannot be preloaded. 0, or -errno with *err.
 */
int hg_library_preload(const char *library, struct hg_error *err);

/* The command that approves for this guard: "hubguard approve" if PATH finds this very program, else with its
 * whole path; with
 * --lock when the lock is not the one that the command takes by itself in `cwd`. Shell-quoted. Returns out.
 */
const char *hg_library_approve(const char *cwd, const char *lock, char *out, size_t size);

#endif
