/* SPDX-License-Identifier: Apache-2.0 */
/* Take every right from this process but to read, write, map memory and exit. */
#ifndef HUBGUARD_GUARD_CONFINE_H
#define HUBGUARD_GUARD_CONFINE_H

#include <stdint.h>

/* Keep only descriptor `channel`, which becomes 0; no core dumps, no new privileges, at most `memory` bytes
 * of address space, and a seccomp filter that kills the process at any other system call. Irrevocable. 0 or
 * -errno; after a failure the process must not go on. */
int hg_confine(int channel, uint64_t memory);

#endif
