/* SPDX-License-Identifier: Apache-2.0 */
/* Everything a guard needs before it can answer, loaded in one go: policy, lock, rules, report, roots. */
#ifndef HUBGUARD_GUARD_SESSION_H
#define HUBGUARD_GUARD_SESSION_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "guard/gate.h"
#include "guard/rundir.h"
#include "guard/server.h"
#include "scanner/engine.h"

struct hg_session {
    struct hg_policy policy;
    struct hg_lock *lock;
    struct stat lock_file; /* as it was loaded; zero: none */
    struct hg_engine *engine;
    struct hg_roots *roots; /* of this process's environment, and the policy's extra ones */
    struct hg_report *report;
    char cwd[PATH_MAX]; /* "" when it cannot be told */
    struct hg_loop loop;
    struct hg_rundir rundir;
    struct hg_gate *gate;
    struct hg_cage_facts cage_facts;
    struct hg_cage *cage;
    struct hg_server *server;
};

/* Command line options, NULL where not given. */
struct hg_session_options {
    const char *policy, *mode, *report, *lock;
};

/* Load. 0, or -errno with *err (one message for the user); the session is then empty. */
int hg_session_load(const struct hg_session_options *options, struct hg_session *out, struct hg_error *err);
/* Bind the socket, start workers and server. `met` and `owner` as
 * for hg_server_options. 0, or -errno with *err. */
int hg_session_serve(struct hg_session *s, const char *started_by, char *const *command,
                     void (*met)(void *owner, pid_t peer), void *owner, struct hg_error *err);
/* Remote code ran, and the lock file is not what was loaded: code in the working directory can approve itself
 * there for the next run. True once the report has a warning of it; ask before hg_session_close(). */
bool hg_session_lock_changed(const struct hg_session *s);
/* Close whatever is open; writes the summary when the gate was open. */
void hg_session_close(struct hg_session *s);

#endif
