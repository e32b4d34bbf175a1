/* SPDX-License-Identifier: Apache-2.0 */
/* Who listens at a Unix socket's path, found out before anything is sent there. */
#ifndef HUBGUARD_GUARD_UNIX_PEER_H
#define HUBGUARD_GUARD_UNIX_PEER_H

#include "guard/caged.h"
#include "guard/sockaddr.h"

/* The socket file, held open: a path can be another one at the next look. */
struct hg_pinned {
    int fd;
};

#define HG_PINNED_NONE                                                                                       \
    {                                                                                                        \
        -1                                                                                                   \
    }

/* May process `pid` connect to this AF_UNIX address? 0: yes, *address now names the pinned file. Else an
 * errno: EACCES no (abstract, outside of the places that may be written, or somebody outside of the guarded
 * processes listens there); ENOENT, ECONNREFUSED and so on as connect(2) would say. In mode observe an
 * address that is refused stays as it is. */
int hg_unix_peer_pin(struct hg_caged *caged, pid_t pid, struct hg_sockaddr *address,
                     struct hg_pinned *pinned);
void hg_unpin(struct hg_pinned *pinned);

#endif
