/* SPDX-License-Identifier: Apache-2.0 */
/* `hubguard run`: the guard, and under it the command. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/commands.h"
#include "guard/library.h"
#include "guard/session.h"

static const char usage[] =
    "usage: hubguard run [options] [--] COMMAND [ARGUMENT...]\n"
    "Run a command; remote model code is scanned before it runs, and held to the policy from then on.\n"
    "  --policy FILE            policy to use instead of the one found\n"
    "  --mode observe|enforce   observe: let everything pass and report what would be blocked\n"
    "  --report FILE.jsonl      append events to this file\n"
    "  --lock FILE              approved bytes (default: hubguard.lock in this directory)\n"
    "Exit status: that of the command; 128+N when signal N ended it; 127 or 126 when it cannot be\n"
    "started; 2 when the guard cannot start.\n";

struct run {
    struct hg_session session;
    struct hg_watch signals;
    sigset_t old_mask;
    struct sigaction old_chld;
    pid_t child;
    int status; /* of wait(2) */
    bool ended;
};

static void complain(int rc, const struct hg_error *err)
{
    (void)fprintf(stderr, "hubguard: %s\n", err->text[0] != '\0' ? err->text : strerror(-rc));
}

/* --- options
 * -------------------------------------------------------------------------------------------------------- */

/* Returns the index of the command in argv, 0 when --help was answered, or -1 after a message. */
static int parse_options(int argc, char **argv, struct hg_session_options *o)
{
    static const struct option table[] = {
        {"policy", required_argument, NULL, 'p'}, {"mode", required_argument, NULL, 'm'},
        {"report", required_argument, NULL, 'r'}, {"lock", required_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    int c;
    while ((c = getopt_long(argc, argv, "+h", table, NULL)) != -1) {
        if (c == 'h') {
            (void)fputs(usage, stdout);
            return 0;
        }
        if (c == '?') {
            (void)fputs(usage, stderr);
            return -1;
        }
        *(c == 'p' ? &o->policy : c == 'm' ? &o->mode : c == 'r' ? &o->report : &o->lock) = optarg;
    }
    if (optind < argc)
        return optind;
    (void)fprintf(stderr, "hubguard run: no command given\n%s", usage);
    return -1;
}

/* Relative paths would mean another file to a child that changes its directory. */
static int export_path(const char *variable, const char *path, struct hg_error *err)
{
    char absolute[PATH_MAX];
    if (path == NULL)
        return 0;
    int rc = hg_path_clean(path, NULL, absolute, sizeof absolute);
    if (rc >= 0)
        rc = setenv(variable, absolute, 1) != 0 ? -errno : 0;
    return rc == 0 ? 0 : hg_error_set(err, rc, "%s: %s", path, strerror(-rc));
}

static int export_roots(const struct hg_policy *policy, struct hg_error *err)
{
    const char *old = getenv("HUBGUARD_ROOTS");
    size_t size = old == NULL ? 1 : strlen(old) + 2;
    for (size_t i = 0; i < policy->roots_extra.count; i++)
        size += strlen(policy->roots_extra.items[i]) + 1;
    if (policy->roots_extra.count == 0)
        return 0;
    char *value = malloc(size);
    if (value == NULL)
        return hg_error_set(err, -ENOMEM, "out of memory");
    char *to = stpcpy(value, old == NULL ? "" : old);
    for (size_t i = 0; i < policy->roots_extra.count; i++) {
        if (to != value)
            *to++ = ':';
        to = stpcpy(to, policy->roots_extra.items[i]);
    }
    int rc = setenv("HUBGUARD_ROOTS", value, 1) != 0 ? -errno : 0;
    free(value);
    return rc == 0 ? 0 : hg_error_set(err, rc, "HUBGUARD_ROOTS cannot be set: %s", strerror(-rc));
}

/* What the command finds in its environment. Set in the guard itself, just before it forks. */
static int export_all(const struct run *r, const struct hg_session_options *o, struct hg_error *err)
{
    char library[PATH_MAX], where[160];
    int rc = hg_library_find(library, sizeof library, err);
    if (rc == 0)
        rc = hg_library_preload(library, err);
    if (rc == 0)
        rc = export_path("HUBGUARD_POLICY", o->policy, err);
    if (rc == 0)
        rc = export_path("HUBGUARD_REPORT", o->report, err);
    if (rc == 0)
        rc = export_path("HUBGUARD_LOCK", o->lock, err);
    if (rc == 0)
        rc = export_roots(&r->session.policy, err);
    if (rc != 0)
        return rc;
    (void)snprintf(where, sizeof where, "%s:%ld", r->session.rundir.socket, (long)getpid());
    if (setenv("HUBGUARD_SOCKET", where, 1) != 0 ||
        (o->mode != NULL && setenv("HUBGUARD_MODE", o->mode, 1) != 0))
        return hg_error_set(err, -errno, "the environment cannot be set: %s", strerror(errno));
    return 0;
}

/* --- the command
 * ------------------------------------------------------------------------------------------------------ */

_Noreturn static void become_command(const struct run *r, char **command)
{
    (void)sigaction(SIGCHLD, &r->old_chld, NULL);
    (void)sigprocmask(SIG_SETMASK, &r->old_mask, NULL);
    execvp(command[0], command);
    int code = errno;
    (void)fprintf(stderr, "hubguard: %s: %s\n", command[0], strerror(code));
    _exit(code == ENOENT ? 127 : 126);
}

static void reap(struct run *r)
{
    int status;
    if (!r->ended && waitpid(r->child, &status, WNOHANG) == r->child) {
        r->status = status;
        r->ended = true;
    }
}

static void on_signal(struct hg_watch *watch, uint32_t events)
{
    (void)events;
    struct run *r = watch->owner;
    struct signalfd_siginfo info;
    if (read(watch->fd, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    if (info.ssi_signo == SIGCHLD)
        reap(r);
    else if (info.ssi_code <= 0 && !r->ended)
        /* Sent by a process, so perhaps to us alone. What the terminal sends (SI_KERNEL) has reached the
         * command too. */
        (void)kill(r->child, (int)info.ssi_signo);
}

/* Signals come through a descriptor from now on; what was ignored stays ignored for the command. */
static int take_signals(struct run *r, struct hg_error *err)
{
    static const int forwarded[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGALRM};
    struct sigaction by_default = {.sa_handler = SIG_DFL};
    sigset_t read_these, blocked;
    sigemptyset(&read_these);
    sigaddset(&read_these, SIGCHLD);
    for (size_t i = 0; i < sizeof forwarded / sizeof forwarded[0]; i++)
        sigaddset(&read_these, forwarded[i]);
    blocked = read_these;
    sigaddset(&blocked, SIGPIPE); /* sendfile(2) to a worker that died */
    (void)sigaction(SIGCHLD, &by_default, &r->old_chld);
    (void)sigprocmask(SIG_BLOCK, &blocked, &r->old_mask);
    r->signals = (struct hg_watch){signalfd(-1, &read_these, SFD_CLOEXEC | SFD_NONBLOCK), on_signal, r};
    return r->signals.fd >= 0 ? 0 : hg_error_set(err, -errno, "signalfd: %s", strerror(errno));
}

static int start(struct run *r, const struct hg_session_options *o, char **command, struct hg_error *err)
{
    int rc = hg_session_load(o, &r->session, err);
    if (rc == 0)
        rc = take_signals(r, err);
    if (rc == 0)
        rc = hg_session_serve(&r->session, "run", command, NULL, NULL, err);
    if (rc == 0)
        rc = export_all(r, o, err);
    if (rc == 0)
        rc = hg_loop_add(&r->session.loop, &r->signals, EPOLLIN);
    if (rc != 0)
        return rc;
    r->child = fork();
    if (r->child == 0)
        become_command(r, command);
    return r->child > 0 ? 0 : hg_error_set(err, -errno, "fork: %s", strerror(errno));
}

static void say_closing_line(const struct hg_session *s)
{
    const struct hg_counts *c = hg_gate_counts(s->gate);
    const struct hg_cage_facts *cage = &s->cage_facts;
    unsigned long long refused = cage->acts_refused, would_refuse = cage->acts_would_refuse;
    unsigned long long blocked = c->outcomes[HG_OUT_BLOCK], warned = c->outcomes[HG_OUT_WARN],
                       observed = c->outcomes[HG_OUT_WOULD_BLOCK];
    if (blocked + warned + observed + refused + would_refuse == 0)
        return;
    (void)fprintf(stderr, "hubguard: %llu blocked, %llu allowed with a warning", blocked, warned);
    if (observed != 0)
        (void)fprintf(stderr, ", %llu would be blocked (mode = observe)", observed);
    if (refused != 0)
        (void)fprintf(stderr, ", %llu act%s refused", refused, refused == 1 ? "" : "s");
    if (cage->first_refusal[0] != '\0')
        (void)fprintf(stderr, ", first: %s", cage->first_refusal + strlen("hubguard: "));
    if (would_refuse != 0)
        (void)fprintf(stderr, ", %llu act%s would be refused (mode = observe)", would_refuse,
                      would_refuse == 1 ? "" : "s");
    (void)fputc('\n', stderr);
}

int hg_cmd_run(int argc, char **argv)
{
    struct hg_session_options options = {0};
    struct hg_error err = {""};
    struct run r = {.signals = {.fd = -1}};
    int at = parse_options(argc, argv, &options);
    if (at <= 0)
        return at == 0 ? 0 : 2;
    int rc = start(&r, &options, argv + at, &err);
    while (rc == 0 && !r.ended)
        rc = hg_loop_step(&r.session.loop);
    int status = 2;
    if (rc != 0)
        complain(rc, &err);
    if (r.ended) {
        status = WIFSIGNALED(r.status) ? 128 + WTERMSIG(r.status) : WEXITSTATUS(r.status);
        bool lock_changed = hg_session_lock_changed(&r.session);
        if (r.session.policy.banner)
            say_closing_line(&r.session);
        if (lock_changed)
            (void)fprintf(stderr,
                          "hubguard: %s changed while remote code ran: look at it before the next run\n",
                          r.session.policy.lock_file);
    }
    if (r.signals.fd >= 0)
        close(r.signals.fd);
    hg_session_close(&r.session);
    return status;
}
