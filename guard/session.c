/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/session.h"
#include "guard/watched.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The file that holds the approvals, as it is now; zero where there is none. */
static struct stat lock_file(const struct hg_policy *policy)
{
    struct stat st;
    if (policy->lock_file == NULL || stat(policy->lock_file, &st) != 0)
        memset(&st, 0, sizeof st);
    return st;
}

bool hg_session_lock_changed(const struct hg_session *s)
{
    const struct stat now = lock_file(&s->policy), *then = &s->lock_file;
    if (s->cage_facts.closed == 0 ||
        (now.st_dev == then->st_dev && now.st_ino == then->st_ino && now.st_size == then->st_size &&
         now.st_mtim.tv_sec == then->st_mtim.tv_sec && now.st_mtim.tv_nsec == then->st_mtim.tv_nsec &&
         now.st_ctim.tv_sec == then->st_ctim.tv_sec && now.st_ctim.tv_nsec == then->st_ctim.tv_nsec))
        return false;
    (void)hg_report_warning(s->report, "lock",
                            "the lock file changed while remote code ran: look at it before the next run");
    return true;
}

static int load_policy(const struct hg_session_options *o, struct hg_session *s, struct hg_error *err)
{
    const struct {
        const char *section, *key, *value, *origin;
    } given[] = {
        {"guard", "mode", o->mode, "--mode"},
        {"guard", "report", o->report, "--report"},
        {"lock", "file", o->lock, "--lock"},
    };
    int rc = hg_policy_find(o->policy, &s->policy, err);
    for (size_t i = 0; rc == 0 && i < sizeof given / sizeof given[0]; i++)
        if (given[i].value != NULL)
            rc = hg_policy_set(&s->policy, given[i].section, given[i].key, given[i].value, given[i].origin,
                               err);
    return rc;
}

int hg_session_load(const struct hg_session_options *options, struct hg_session *s, struct hg_error *err)
{
    memset(s, 0, sizeof *s);
    s->loop.epoll_fd = s->rundir.listen_fd = -1;
    /* Remote code runs as the same user: it must not read or change this process (ptrace(2), /proc/PID/mem).
     */
    (void)prctl(PR_SET_DUMPABLE, 0);
    if (getcwd(s->cwd, sizeof s->cwd) == NULL)
        s->cwd[0] = '\0';
    int rc = load_policy(options, s, err);
    if (rc == 0)
        rc = hg_watched_roots(&s->policy, &s->roots, err);
    if (rc == 0)
        s->lock_file = lock_file(&s->policy); /* before it is read: a change meanwhile counts */
    if (rc == 0)
        rc = hg_watched_lock(&s->policy, s->roots, &s->lock, err);
    if (rc == 0)
        rc = hg_report_open(s->policy.report, &s->report, err);
    if (rc == 0) {
        const struct hg_engine_options engine = {.extra_rules = s->policy.rules};
        rc = hg_engine_new(&engine, &s->engine, err);
    }
    if (rc != 0)
        hg_session_close(s);
    return rc;
}

static int scan(void *context, const struct hg_scan_input *input, struct hg_findings *out)
{
    return hg_engine_scan(context, input, out);
}

int hg_session_serve(struct hg_session *s, const char *started_by, char *const *command,
                     void (*met)(void *owner, pid_t peer), void *owner, struct hg_error *err)
{
    /* The digest needs no openssl.cnf, which $OPENSSL_CONF may make load modules. */
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    int rc = hg_loop_open(&s->loop);
    if (rc != 0)
        return hg_error_set(err, rc, "epoll: %s", strerror(-rc));
    rc = hg_rundir_open(&s->rundir, err);
    if (rc != 0)
        return rc;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    const struct hg_gate_options gate = {.loop = &s->loop,
                                         .policy = &s->policy,
                                         .lock = s->lock,
                                         .roots = s->roots,
                                         .cwd = s->cwd[0] != '\0' ? s->cwd : NULL,
                                         .report = s->report,
                                         .ruleset = hg_engine_ruleset(s->engine),
                                         .pool = {.workers = cpus > 1 ? 2 : 1,
                                                  .timeout_ms = s->policy.timeout_ms,
                                                  .scan = scan,
                                                  .context = s->engine},
                                         .started_by = started_by,
                                         .command = command,
                                         .cage = &s->cage_facts};
    rc = hg_gate_open(&gate, &s->gate, err);
    if (rc != 0)
        return rc;
    const struct hg_cage_options cage = {.loop = &s->loop,
                                         .policy = &s->policy,
                                         .roots = s->roots,
                                         .cwd = gate.cwd,
                                         .report = s->report,
                                         .facts = &s->cage_facts};
    rc = hg_cage_open(&cage, &s->cage, err);
    if (rc != 0)
        return rc;
    const struct hg_server_options server = {.loop = &s->loop,
                                             .gate = s->gate,
                                             .cage = s->cage,
                                             .listen_fd = s->rundir.listen_fd,
                                             .met = met,
                                             .owner = owner};
    rc = hg_server_open(&server, &s->server);
    if (rc != 0)
        return hg_error_set(err, rc, "the guard cannot listen: %s", strerror(-rc));
    hg_cage_set_server(s->cage, s->server);
    return 0;
}

void hg_session_close(struct hg_session *s)
{
    hg_cage_close(s->cage); /* before the gate writes the summary */
    hg_gate_close(s->gate);
    hg_server_close(s->server);
    if (s->rundir.listen_fd >= 0)
        hg_rundir_close(&s->rundir);
    hg_loop_close(&s->loop);
    hg_report_close(s->report);
    hg_engine_free(s->engine);
    hg_lock_free(s->lock);
    free(s->roots);
    hg_policy_free(&s->policy);
    memset(s, 0, sizeof *s);
    s->loop.epoll_fd = s->rundir.listen_fd = -1;
}
