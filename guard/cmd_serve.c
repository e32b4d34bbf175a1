/* SPDX-License-Identifier: Apache-2.0 */
/* `hubguard serve`: the guard that a preloaded process starts for itself. Not for users. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guard/clients.h"
#include "guard/commands.h"
#include "guard/session.h"

static const char usage[] =
    "usage: hubguard serve --ready-fd N --client PID   (started by libhubguard.so, not by hand)\n";

struct serve {
    struct hg_session session;
    struct hg_clients *clients;
    struct hg_watch signals;
    int ready_fd;
    pid_t client;
    bool asked_to_end; /* by SIGTERM: with a summary and without leaving the socket behind */
};

static int number(const char *text, long *out)
{
    char *end;
    errno = 0;
    *out = strtol(text, &end, 10);
    return errno != 0 || end == text || *end != '\0' || *out < 0 || *out > 0x7fffffff ? -EINVAL : 0;
}

static int parse_options(int argc, char **argv, struct serve *s)
{
    static const struct option table[] = {{"ready-fd", required_argument, NULL, 'r'},
                                          {"client", required_argument, NULL, 'c'},
                                          {NULL, 0, NULL, 0}};
    long ready = -1, client = 0;
    int c;
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1)
        if (c == '?' || number(optarg, c == 'r' ? &ready : &client) != 0)
            return -EINVAL;
    if (optind != argc || ready < 3 || client <= 0 || fcntl((int)ready, F_GETFD) < 0)
        return -EINVAL;
    s->ready_fd = (int)ready;
    s->client = (pid_t)client;
    return 0;
}

static void tell(struct serve *s, const char *word, const char *text)
{
    char line[1024];
    int n = snprintf(line, sizeof line, "%s %s\n", word, text);
    if (n >= (int)sizeof line) {
        n = (int)sizeof line - 1;
        line[n - 1] = '\n';
    }
    ssize_t written = write(s->ready_fd, line, (size_t)n);
    (void)written; /* a process that went away meanwhile shows as a client that is gone */
    close(s->ready_fd);
    s->ready_fd = -1;
}

/* A session of its own, no descriptor of the program, default signals, no preload. The working directory
 * changes later: the policy and the lock are looked for from the program's. */
static void detach(const struct serve *s)
{
    sigset_t mask;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, by_default = {.sa_handler = SIG_DFL};
    (void)unsetenv("LD_PRELOAD");
    (void)setsid();
    (void)sigaction(SIGCHLD, &by_default, NULL);
    (void)sigaction(SIGHUP, &ignore, NULL);
    sigemptyset(&mask);
    sigaddset(&mask, SIGPIPE);
    sigaddset(&mask, SIGTERM);
    (void)sigprocmask(SIG_SETMASK, &mask, NULL);
    unsigned ready = (unsigned)s->ready_fd;
    if (ready > 3)
        (void)syscall(SYS_close_range, 3u, ready - 1, 0u);
    (void)syscall(SYS_close_range, ready + 1, ~0u, 0u);
    (void)fcntl(s->ready_fd, F_SETFD, FD_CLOEXEC);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null >= 0 && fd < 3; fd++)
        (void)dup2(null, fd);
    if (null > 2)
        close(null);
}

/* The shim guards what its environment names. Extra roots of a policy that it does not know of would be a
 * gap. */
static int check_extra_roots(const struct hg_session *s, struct hg_error *err)
{
    struct hg_roots *watched = calloc(1, sizeof *watched);
    if (watched == NULL)
        return hg_error_set(err, -ENOMEM, "out of memory");
    int rc = 0;
    const char *list = getenv("HUBGUARD_ROOTS");
    for (const char *at = list == NULL ? "" : list; *at != '\0' && rc == 0;) {
        char one[PATH_MAX];
        size_t n = strcspn(at, ":");
        if (n > 0 && n < sizeof one) {
            memcpy(one, at, n);
            one[n] = '\0';
            rc = hg_roots_add(watched, one, HG_LOADER_EXTRA);
            if (rc != 0)
                (void)hg_error_set(err, rc, "HUBGUARD_ROOTS: %.200s: %s", one, strerror(-rc));
        }
        at += n + (at[n] == ':');
    }
    for (size_t i = 0; i < s->policy.roots_extra.count && rc == 0; i++)
        if (hg_roots_match(watched, s->policy.roots_extra.items[i]) == NULL)
            rc = hg_error_set(
                err, -EINVAL,
                "the policy guards %.200s, which a bare preload does not watch: add it to HUBGUARD_ROOTS, "
                "or use `hubguard run`",
                s->policy.roots_extra.items[i]);
    free(watched);
    return rc;
}

static void on_signal(struct hg_watch *watch, uint32_t events)
{
    (void)events;
    ((struct serve *)watch->owner)->asked_to_end = true;
}

static int take_signals(struct serve *s, struct hg_error *err)
{
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    s->signals = (struct hg_watch){signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK), on_signal, s};
    int rc = s->signals.fd < 0 ? -errno : hg_loop_add(&s->session.loop, &s->signals, EPOLLIN);
    return rc == 0 ? 0 : hg_error_set(err, rc, "signalfd: %s", strerror(-rc));
}

static void met(void *owner, pid_t peer)
{
    hg_clients_add(((struct serve *)owner)->clients, peer);
}

static int start(struct serve *s, struct hg_error *err)
{
    const struct hg_session_options none = {0};
    int rc = hg_session_load(&none, &s->session, err);
    if (rc == 0)
        rc = check_extra_roots(&s->session, err);
    if (rc == 0)
        rc = hg_session_serve(&s->session, "preload", NULL, met, s, err);
    if (rc == 0 && (rc = hg_clients_open(&s->session.loop, &s->clients)) != 0)
        (void)hg_error_set(err, rc, "%s", strerror(-rc));
    if (rc == 0)
        rc = take_signals(s, err);
    if (rc == 0)
        hg_clients_add(s->clients, s->client);
    return rc;
}

int hg_cmd_serve(int argc, char **argv)
{
    struct serve s = {.ready_fd = -1, .signals = {.fd = -1}};
    struct hg_error err = {""};
    if (parse_options(argc, argv, &s) != 0) {
        (void)fputs(usage, stderr);
        return 2;
    }
    detach(&s);
    int rc = start(&s, &err);
    if (rc != 0) {
        tell(&s, "ERR", err.text);
    } else {
        char where[160];
        (void)snprintf(where, sizeof where, "%s:%ld", s.session.rundir.socket, (long)getpid());
        tell(&s, "OK", where);
        rc = chdir("/") != 0 ? -errno : 0;
        while (rc == 0 && !s.asked_to_end &&
               (!hg_clients_gone(s.clients) || hg_cage_count(s.session.cage) != 0))
            rc = hg_loop_step(&s.session.loop);
    }
    if (rc == 0)
        (void)hg_session_lock_changed(&s.session); /* nobody reads a terminal here: the report has it */
    hg_clients_close(s.clients);
    if (s.signals.fd >= 0)
        close(s.signals.fd);
    hg_session_close(&s.session);
    return rc == 0 ? 0 : 2;
}
