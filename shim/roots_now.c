/* SPDX-License-Identifier: Apache-2.0 */
/* The roots of this process while it runs: a script that sets HF_HOME moves them, a chdir moves relative
 * ones. Roots are only ever added. Readers take no lock: a change fills the next table and swaps a pointer.
 */
#include "shim/shim.h"

#include <errno.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TABLES 4 /* a reader would have to sleep through three changes to see its table filled again */

static struct hg_roots tables[TABLES];
static const struct hg_roots *_Atomic current = &tables[0];
static atomic_flag writing = ATOMIC_FLAG_INIT;
static unsigned newest;
static char home[PATH_MAX]; /* from the name service, where neither HOME nor /etc/passwd knows */
static char resolved_in[PATH_MAX];

static const char *env_of_process(const char *name, void *ctx)
{
    const char *value = getenv(name);
    (void)ctx;
    return value == NULL && home[0] != '\0' && strcmp(name, "HOME") == 0 ? home : value;
}

/* HUBGUARD_ROOTS for children: a child whose environment was scrubbed still guards what its parent guards. */
static void build_roots_env(const struct hg_roots *roots)
{
    struct hg_state *s = &hg_state;
    size_t at = (size_t)snprintf(s->roots_env, sizeof s->roots_env, "HUBGUARD_ROOTS=");
    for (size_t i = 0; i < roots->count; i++) {
        const char *path = roots->items[i].path;
        size_t n = strlen(path);
        if (at + n + 2 > sizeof s->roots_env) {
            s->broken = true;
            return;
        }
        if (i != 0)
            s->roots_env[at++] = ':';
        memcpy(s->roots_env + at, path, n + 1);
        at += n;
    }
}

/* The loaders ask the name service for a home directory. It may allocate: only before main(). */
static void ask_name_service(void)
{
    char buffer[4096];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(getuid(), &entry, buffer, sizeof buffer, &found) == 0 && found != NULL)
        (void)snprintf(home, sizeof home, "%s", found->pw_dir);
}

static void resolve(void)
{
    const struct hg_roots *old = atomic_load(&current);
    struct hg_roots *next = &tables[(newest + 1) % TABLES];
    memcpy(next, old, sizeof *next);
    if (hg_roots_resolve(next, env_of_process, NULL) != 0 || next->overflow)
        hg_state.broken = true;
    if (next->relative && getcwd(resolved_in, sizeof resolved_in) == NULL)
        resolved_in[0] = '\0';
    if (next->count == old->count && next->relative == old->relative && next->expands == old->expands &&
        old->count != 0)
        return;
    newest++;
    atomic_store(&current, next);
    build_roots_env(next);
}

void hg_roots_refresh(const char *variable)
{
    const struct hg_roots *now = atomic_load(&current);
    if (variable != NULL && !now->expands && !hg_roots_variable(variable))
        return;
    int saved = errno;
    while (atomic_flag_test_and_set(&writing))
        ;
    resolve();
    if (variable == NULL && atomic_load(&current)->unknown_home && home[0] == '\0') {
        ask_name_service();
        if (home[0] != '\0')
            resolve();
    }
    atomic_flag_clear(&writing);
    errno = saved;
}

void hg_roots_after_fork(void)
{
    atomic_flag_clear(&writing); /* whoever held it is not in this process */
}

const struct hg_roots *hg_roots_now(void)
{
    const struct hg_roots *now = atomic_load_explicit(&current, memory_order_acquire);
    if (__builtin_expect(now->relative != 0, 0)) {
        char cwd[PATH_MAX];
        if (getcwd(cwd, sizeof cwd) != NULL && strcmp(cwd, resolved_in) != 0) {
            hg_roots_refresh("HOME"); /* any variable of the table */
            now = atomic_load(&current);
        }
    }
    return now;
}
