/* SPDX-License-Identifier: Apache-2.0 */
/* The socket side of the guard: takes connections, one request and one reply each. Never waits for a peer. */
#ifndef HUBGUARD_GUARD_SERVER_H
#define HUBGUARD_GUARD_SERVER_H

#include <sys/types.h>

#include "guard/cage.h"
#include "guard/gate.h"
#include "guard/loop.h"

#define HG_SERVER_CONNECTIONS 512
#define HG_SERVER_CHANNELS    128  /* adopted ones of one cage that have not said anything */
#define HG_SERVER_REQUEST_MS  2000 /* a peer that connected has so long to say what it wants */

struct hg_server;

struct hg_server_options {
    struct hg_loop *loop;
    struct hg_gate *gate;
    struct hg_cage *cage;                 /* NULL: requests to it are refused */
    int listen_fd;                        /* stays the caller's */
    void (*met)(void *owner, pid_t peer); /* called for each accepted peer; may be NULL */
    void *owner;
};

/* 0 or -errno. */
int hg_server_open(const struct hg_server_options *options, struct hg_server **out);
/* Take over one end of a socket pair as an accepted connection of process `pid` in cage `cage`; the
 * descriptor is then the server's. 0, or -ENOMEM, -EAGAIN (too many connections): it stays the caller's. */
int hg_server_adopt(struct hg_server *server, int fd, pid_t pid, uint64_t cage);
/* Before hg_gate_close() has answered everything the server must still be there; so: gate and cage first,
 * server then. */
void hg_server_close(struct hg_server *server);

#endif
