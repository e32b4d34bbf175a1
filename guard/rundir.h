/* SPDX-License-Identifier: Apache-2.0 */
/* The private directory and the socket that the shims connect to. */
#ifndef HUBGUARD_GUARD_RUNDIR_H
#define HUBGUARD_GUARD_RUNDIR_H

#include "scanner/error.h"

struct hg_rundir {
    char dir[96];
    char socket[108]; /* as sun_path holds it */
    int listen_fd;
};

/* A new directory (0700, ours) in $XDG_RUNTIME_DIR when that is ours and private, else in /tmp, with a
 * listening SOCK_SEQPACKET socket in it. Peers read the listener's process id from the socket: call it in the
 * process that is going to serve. 0, or -errno with *err. */
int hg_rundir_open(struct hg_rundir *out, struct hg_error *err);
void hg_rundir_close(struct hg_rundir *rundir); /* closes and removes */

#endif
