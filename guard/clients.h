/* SPDX-License-Identifier: Apache-2.0 */
/* Which processes a detached guard still serves: it ends some time after the last of them. */
#ifndef HUBGUARD_GUARD_CLIENTS_H
#define HUBGUARD_GUARD_CLIENTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "guard/loop.h"

#define HG_CLIENTS_LINGER_MS 2000

struct hg_clients;

int hg_clients_open(struct hg_loop *loop, struct hg_clients **out); /* 0 or -errno */
void hg_clients_close(struct hg_clients *clients);
/* Watch this process too; nothing happens when it is watched already or gone. */
void hg_clients_add(struct hg_clients *clients, pid_t pid);
/* True when no watched process has been there for HG_CLIENTS_LINGER_MS. */
bool hg_clients_gone(const struct hg_clients *clients);

#endif
