/* SPDX-License-Identifier: Apache-2.0 */
/* `hubguard doctor`: what this machine can enforce, what it cannot, and what the policy needs of it. */
#include <errno.h>
#include <getopt.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <yara.h>

#include "guard/cache.h"
#include "guard/commands.h"
#include "guard/library.h"
#include "guard/loop.h"
#include "guard/machine.h"
#include "guard/needs.h"
#include "guard/pool.h"
#include "guard/session.h"

static const char usage[] =
    "usage: hubguard doctor\n"
    "Say what this machine can enforce, and what the policy needs. Exit status 0 when gate and cage can\n"
    "work, 2 when not.\n";

/* One line. `use` says which part of hubguard needs it. */
static void line(const char *state, const char *what, const char *detail)
{
    (void)printf("  %-4s %-26s %s\n", state, what, detail);
}

static void check(bool ok, const char *what, const char *detail)
{
    line(ok ? "ok" : "no", what, detail);
}

/* --- the gate
 * -----------------------------------------------------------------------------------------------------------
 */

/* Run the interpreter under the preload with a script that tells whether the hooks are there: an open-code
 * hook can be set once only, and ours makes a second one fail. */
static int python_has_hooks(const char *library, struct hg_error *err)
{
    static const char script[] = "import ctypes, sys\n"
                                 "try:\n"
                                 "    code = ctypes.PyDLL(None).PyFile_SetOpenCodeHook(None, None)\n"
                                 "except SystemError:\n"
                                 "    code = -1\n"
                                 "sys.exit(0 if code != 0 else 9)\n";
    char *const argv[] = {(char *)(uintptr_t) "python3", (char *)(uintptr_t) "-c", (char *)(uintptr_t)script,
                          NULL};
    pid_t pid = fork();
    if (pid < 0)
        return hg_error_set(err, -errno, "fork: %s", strerror(errno));
    if (pid == 0) {
        struct hg_error ignored;
        if (hg_library_preload(library, &ignored) != 0 || freopen("/dev/null", "w", stderr) == NULL)
            _exit(126);
        execvp(argv[0], argv);
        _exit(127);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return hg_error_set(err, -ENOENT, "no python3 in PATH to try it with");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 9)
        return hg_error_set(err, -EPROTO,
                            "python3 runs without the hooks: is it linked statically, or older than 3.8?");
    return hg_error_set(err, -EIO, "python3 -c failed under the preload (wait status 0x%x)",
                        (unsigned)status);
}

static bool report_preload(void)
{
    char library[PATH_MAX];
    struct hg_error err;
    if (hg_library_find(library, sizeof library, &err) != 0) {
        check(false, "libhubguard.so", err.text);
        return false;
    }
    check(true, "libhubguard.so", library);
    int rc = python_has_hooks(library, &err);
    if (rc == -ENOENT) {
        line("?", "hooks in python3", err.text);
        return true;
    }
    check(rc == 0, "hooks in python3",
          rc == 0 ? "audit hook and open-code hook are set before Python starts" : err.text);
    return rc == 0;
}

static int no_scan(void *context, const struct hg_scan_input *input, struct hg_findings *out)
{
    (void)context;
    (void)input;
    (void)out;
    return 0;
}

/* A worker that really confines itself: the only way to know in a container. */
static bool report_worker(void)
{
    struct hg_loop loop;
    struct hg_pool *pool = NULL;
    struct hg_error err = {"epoll"};
    const struct hg_pool_options options = {.workers = 1, .timeout_ms = 1000, .scan = no_scan};
    int rc = hg_loop_open(&loop);
    if (rc == 0)
        rc = hg_pool_start(&loop, &options, &pool, &err);
    check(rc == 0, "scan worker confinement",
          rc == 0 ? "seccomp: read, write, memory and exit only" : err.text);
    hg_pool_stop(pool);
    hg_loop_close(&loop);
    return rc == 0;
}

static bool report_gate(const struct hg_machine *m)
{
    (void)printf("gate\n");
    bool ok = report_preload();
    check(m->memfd_seals, "sealed memfd",
          m->memfd_seals ? "" : "memfd_create(2) or its seals are refused here");
    check(m->proc_mounted, "/proc",
          m->proc_mounted ? "mounted" : "not mounted: paths of open files are unknown");
    check(!m->secure_execution, "AT_SECURE",
          m->secure_execution ? "set: ld.so ignores LD_PRELOAD for this program" : "not set");
    line(m->pidfd_open ? "ok" : "-", "pidfd_open",
         m->pidfd_open ? "" : "missing: clients are looked at once a second");
    return report_worker() && ok && m->memfd_seals && m->proc_mounted && !m->secure_execution;
}

/* --- the cage
 * --------------------------------------------------------------------------------------------------------------
 */

/* What the kernel has, whoever needs it. */
static void report_kernel(const struct hg_machine *m)
{
    char text[120];
    (void)printf("cage: what this machine has for it\n");
    check(m->seccomp_filter, "seccomp filter", "");
    check(m->user_notify, "seccomp user notify", "");
    check(m->addfd, "seccomp ADDFD_FLAG_SEND", "by kernel version (5.14)");
    check(m->tsync_esrch, "seccomp TSYNC_ESRCH", "all threads and a listener in one call (5.7)");
    if (m->landlock_abi > 0)
        (void)snprintf(text, sizeof text, "ABI %d", m->landlock_abi);
    else
        (void)snprintf(text, sizeof text, "%s", hg_needs_landlock(m));
    check(m->landlock_abi > 0, "Landlock", text);
    if (m->yama < 0)
        (void)snprintf(text, sizeof text, "no Yama here");
    else
        (void)snprintf(text, sizeof text, "ptrace_scope %d%s", m->yama,
                       m->yama > 1 ? ": refused calls are reported without their paths" : "");
    line("-", "Yama", text);
}

/* Line by line, what the policy in force asks of the kernel. */
static bool report_needs(const struct hg_machine *m, const struct hg_policy *policy)
{
    bool all = true;
    (void)printf("cage: what the policy needs\n");
    for (size_t i = 0; i < hg_needs_count(); i++) {
        struct hg_need need;
        char text[400];
        hg_needs_row(m, policy, i, &need);
        (void)snprintf(text, sizeof text, "%s: %s%s%s", need.by, need.what,
                       need.present  ? ""
                       : need.needed ? "; missing, remote code does not run. What helps: "
                                     : "; missing, hubguard does without. Stronger with: ",
                       need.present ? "" : need.remedy);
        line(need.present ? "ok" : need.needed ? "no" : "-", "", text);
        all = all && (need.present || !need.needed);
    }
    return all;
}

/* --- the set-up
 * ---------------------------------------------------------------------------------------------------------
 */

static void report_cache(const struct hg_session *s)
{
    char dir[PATH_MAX], real[PATH_MAX];
    struct hg_error err = {"neither XDG_CACHE_HOME nor HOME is set"};
    struct hg_cache *cache = NULL;
    int rc = hg_cache_directory(dir, sizeof dir);
    if (rc == 0)
        rc = hg_cache_check(dir, s->cwd, s->roots, &s->policy, real, &err);
    if (rc == 0)
        rc = hg_cache_open(real, hg_engine_ruleset(s->engine), &cache, &err);
    line(rc == 0 ? "ok" : "-", "verdict cache", rc == 0 ? real : err.text);
    hg_cache_close(cache);
}

static void report_roots(const struct hg_roots *roots)
{
    char text[PATH_MAX + 64];
    for (size_t i = 0; i < roots->count; i++) {
        struct stat st;
        const struct hg_root *r = &roots->items[i];
        (void)snprintf(text, sizeof text, "%s (%s)%s", r->path, hg_loader_name((enum hg_loader)r->loader),
                       stat(r->path, &st) == 0 ? "" : ", not there yet");
        line("-", i == 0 ? "guarded directories" : "", text);
    }
}

static bool report_set_up(const struct hg_machine *m, bool *cage)
{
    const struct hg_session_options none = {0};
    struct hg_session s;
    struct hg_error err;
    char text[PATH_MAX + 64];
    const struct scmp_version *seccomp = seccomp_version();
    (void)printf("set-up\n");
    (void)snprintf(text, sizeof text, "libyara %s, libseccomp %u.%u.%u", YR_VERSION, seccomp->major,
                   seccomp->minor, seccomp->micro);
    line("-", "libraries", text);
    if (hg_session_load(&none, &s, &err) != 0) {
        check(false, "policy, lock, rules", err.text);
        return false;
    }
    line("ok", "policy", s.policy.source == NULL ? "built-in default" : s.policy.source);
    line("-", "mode", s.policy.mode == HG_MODE_OBSERVE ? "observe: nothing is blocked" : "enforce");
    (void)snprintf(text, sizeof text, "%s, %zu approvals", s.policy.lock_file, hg_lock_count(s.lock));
    line("ok", "lock", text);
    line("ok", "rules", hg_engine_ruleset(s.engine));
    report_cache(&s);
    report_roots(s.roots);
    *cage = report_needs(m, &s.policy) || s.policy.mode == HG_MODE_OBSERVE || s.policy.on_error_allow;
    hg_session_close(&s);
    return true;
}

int hg_cmd_doctor(int argc, char **argv)
{
    static const struct option table[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int c = getopt_long(argc, argv, "h", table, NULL);
    if (c == 'h') {
        (void)fputs(usage, stdout);
        return 0;
    }
    if (c != -1 || optind != argc) {
        (void)fputs(usage, stderr);
        return 2;
    }
    struct hg_machine m;
    hg_machine_probe(&m);
    (void)printf("hubguard %s on %s\n", HG_VERSION, m.kernel);
    (void)fflush(stdout); /* before the forks */
    bool cage = false;
    bool gate = report_gate(&m);
    report_kernel(&m);
    bool set_up = report_set_up(&m, &cage);
    (void)printf("%s\n", !gate || !set_up ? "The gate cannot work here: see the lines that say no."
                         : !cage ? "The gate can work here, the cage cannot: see the lines that say no."
                                 : "Gate and cage can work here.");
    return gate && set_up && cage ? 0 : 2;
}
