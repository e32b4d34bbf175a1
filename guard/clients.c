/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/clients.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A client: by a descriptor that becomes readable when it ends, or, where there is none to be had (no
 * pidfd_open(2), or no descriptor left), by looking now and then. */
struct client {
    struct hg_clients *clients;
    struct hg_watch watch; /* fd -1: looked at */
    pid_t pid;
    struct client *next;
};

struct hg_clients {
    struct hg_loop *loop;
    struct client *first;
    struct hg_timer timer;
    bool gone;
};

#define LOOK_MS     1000
#define PIDFDS_MOST 256 /* more processes than this are looked at */

static void forget(struct hg_clients *c, struct client *gone)
{
    for (struct client **at = &c->first; *at != NULL; at = &(*at)->next) {
        if (*at == gone) {
            *at = gone->next;
            break;
        }
    }
    if (gone->watch.fd >= 0) {
        hg_loop_remove(c->loop, &gone->watch);
        close(gone->watch.fd);
    }
    free(gone);
    if (c->first == NULL)
        hg_loop_arm(c->loop, &c->timer, hg_now_ms() + HG_CLIENTS_LINGER_MS);
}

static void ended(struct hg_watch *watch, uint32_t events)
{
    (void)events;
    struct client *client = watch->owner;
    forget(client->clients, client);
}

static void look(struct hg_timer *timer)
{
    struct hg_clients *c = timer->owner;
    if (c->first == NULL) {
        c->gone = true;
        return;
    }
    struct client *next;
    bool again = false;
    for (struct client *client = c->first; client != NULL; client = next) {
        next = client->next;
        if (client->watch.fd < 0 && kill(client->pid, 0) != 0 && errno == ESRCH)
            forget(c, client);
        else if (client->watch.fd < 0)
            again = true;
    }
    if (again)
        hg_loop_arm(c->loop, &c->timer, hg_now_ms() + LOOK_MS);
}

int hg_clients_open(struct hg_loop *loop, struct hg_clients **out)
{
    struct hg_clients *c = calloc(1, sizeof *c);
    if (c == NULL)
        return -ENOMEM;
    c->loop = loop;
    c->timer.fire = look;
    c->timer.owner = c;
    hg_loop_arm(loop, &c->timer, hg_now_ms() + HG_CLIENTS_LINGER_MS);
    *out = c;
    return 0;
}

void hg_clients_close(struct hg_clients *c)
{
    if (c == NULL)
        return;
    while (c->first != NULL)
        forget(c, c->first);
    hg_loop_disarm(c->loop, &c->timer);
    free(c);
}

void hg_clients_add(struct hg_clients *c, pid_t pid)
{
    size_t count = 0;
    for (struct client *known = c->first; known != NULL; known = known->next, count++)
        if (known->pid == pid)
            return;
    int fd = count < PIDFDS_MOST ? (int)syscall(SYS_pidfd_open, pid, 0u) : -1;
    if (fd < 0 && count < PIDFDS_MOST && errno == ESRCH)
        return;
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    c->gone = false; /* a guard that cages keep alive meets new ones */
    *client = (struct client){c, {fd, ended, client}, pid, c->first};
    c->first = client;
    if (fd >= 0 && hg_loop_add(c->loop, &client->watch, EPOLLIN) != 0) {
        close(fd);
        client->watch.fd = fd = -1;
    }
    if (fd < 0)
        hg_loop_arm(c->loop, &c->timer, hg_now_ms() + LOOK_MS);
    else if (count == 0)
        hg_loop_disarm(c->loop, &c->timer);
}

bool hg_clients_gone(const struct hg_clients *c)
{
    return c->gone;
}
