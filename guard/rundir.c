/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/rundir.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4096 /* the kernel cuts it to net.core.somaxconn */

static bool private_directory(const char *dir)
{
    struct stat st;
    return dir != NULL && dir[0] == '/' && lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) &&
           st.st_uid == geteuid() && (st.st_mode & 077) == 0;
}

static int make_in(const char *top, const char *name, struct hg_rundir *r)
{
    int n = snprintf(r->dir, sizeof r->dir, "%s/%s", top, name);
    if (n < 0 || (size_t)n >= sizeof r->dir)
        return -ENAMETOOLONG;
    return mkdtemp(r->dir) == NULL ? -errno : 0; /* 0700 */
}

static int listen_in(struct hg_rundir *r)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)snprintf(r->socket, sizeof r->socket, "%s/socket", r->dir);
    memcpy(at.sun_path, r->socket, sizeof at.sun_path);
    r->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (r->listen_fd < 0 || bind(r->listen_fd, (const struct sockaddr *)&at, sizeof at) != 0 ||
        listen(r->listen_fd, BACKLOG) != 0)
        return -errno;
    return 0;
}

int hg_rundir_open(struct hg_rundir *r, struct hg_error *err)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    char name[48];
    memset(r, 0, sizeof *r);
    r->listen_fd = -1;
    (void)snprintf(name, sizeof name, "hubguard-%u-XXXXXX", (unsigned)geteuid());
    int rc = private_directory(runtime) ? make_in(runtime, "hubguard-XXXXXX", r) : -ENOENT;
    if (rc != 0)
        rc = make_in("/tmp", name, r);
    if (rc != 0)
        return hg_error_set(err, rc, "no private directory can be made in /tmp: %s", strerror(-rc));
    rc = listen_in(r);
    if (rc != 0) {
        (void)hg_error_set(err, rc, "%s: no socket: %s", r->dir, strerror(-rc));
        hg_rundir_close(r);
    }
    return rc;
}

void hg_rundir_close(struct hg_rundir *r)
{
    if (r->listen_fd >= 0)
        close(r->listen_fd);
    r->listen_fd = -1;
    (void)unlink(r->socket);
    (void)rmdir(r->dir);
}
