/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/needs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "policy/syscall_groups.h"

/* In an exec.allow, net.allow list `none` and `any` stand alone. */
static bool is_word(const struct hg_words *words, const char *word)
{
    return words->count == 1 && strcmp(words->items[0], word) == 0;
}

static bool always(const struct hg_policy *policy)
{
    (void)policy;
    return true;
}

static bool never(const struct hg_policy *policy)
{
    (void)policy;
    return false;
}

static bool exec_list(const struct hg_policy *policy)
{
    return !is_word(&policy->exec_allow, "none");
}

static bool has_filter(const struct hg_machine *m)
{
    return m->seccomp_filter && m->tsync_esrch;
}

static bool has_broker(const struct hg_machine *m)
{
    return m->user_notify && m->addfd;
}

static bool has_landlock(const struct hg_machine *m)
{
    return m->landlock_abi >= 1;
}

/* Before, the filter refuses truncate(2), and open(2) that truncates without writing (landlock(7)). */
static bool has_truncate(const struct hg_machine *m)
{
    return m->landlock_abi >= 3;
}

static bool has_tcp(const struct hg_machine *m)
{
    return m->landlock_abi >= 4;
}

static bool has_scopes(const struct hg_machine *m)
{
    return m->landlock_abi >= 6;
}

static bool has_noexec(const struct hg_machine *m)
{
    return m->memfd_noexec;
}

static int is_chmod(void *found, const char *name)
{
    if (strstr(name, "chmod") != NULL || strstr(name, "setxattr") != NULL) /* an ACL sets mode bits */
        *(bool *)found = true;
    return 0;
}

/* Then a program in a memfd could be made executable, and run past Landlock. */
static bool lifts_chmod(const struct hg_policy *policy)
{
    bool found = false;
    for (size_t i = 0; i < policy->syscalls_allow.count; i++)
        (void)hg_syscall_each(policy->syscalls_allow.items[i], is_chmod, &found);
    return found && exec_list(policy);
}

#define LANDLOCK_REMEDY                                                                                      \
    "a kernel with Landlock (lsm= at boot must name it), or a container runtime that permits it"

static const struct {
    const char *what, *section, *key, *remedy;
    bool (*present)(const struct hg_machine *machine);
    bool (*needed)(const struct hg_policy *policy);
} rows[] = {
    {"seccomp filter for all threads with a listener", "syscalls", "base",
     "Linux 5.7 or later, in a container whose runtime permits seccomp(2)", has_filter, always},
    {"seccomp user notification with descriptors", "net", "allow",
     "Linux 5.14 or later, in a container whose runtime permits seccomp(2)", has_broker, always},
    {"Landlock", "exec", "allow", LANDLOCK_REMEDY "; or exec.allow = none", has_landlock, exec_list},
    {"Landlock", "fs", "write", LANDLOCK_REMEDY, has_landlock, always},
    {"Landlock ABI 3 (truncation)", "fs", "write", "Linux 6.2 or later", has_truncate, never},
    {"Landlock ABI 4 (TCP)", "net", "allow", "Linux 6.7 or later", has_tcp, never},
    {"memory that cannot be run", "syscalls", "allow",
     "Linux 6.3 or later; or leave chmod and its kind out of it", has_noexec, lifts_chmod},
    {"Landlock ABI 6 (signals, abstract sockets)", "exec", "allow", "Linux 6.12 or later", has_scopes, never},
};

size_t hg_needs_count(void)
{
    return sizeof rows / sizeof rows[0];
}

const char *hg_needs_landlock(const struct hg_machine *m)
{
    if (m->landlock_abi > 0)
        return "this kernel's Landlock is older";
    return m->landlock_error == ENOSYS       ? "ENOSYS: this kernel was built without it"
           : m->landlock_error == EOPNOTSUPP ? "EOPNOTSUPP: switched off; add landlock to lsm= at boot"
           : m->landlock_error == EPERM      ? "EPERM: refused, probably by a container's seccomp profile"
                                             : strerror(m->landlock_error);
}

void hg_needs_row(const struct hg_machine *m, const struct hg_policy *policy, size_t i, struct hg_need *out)
{
    bool landlock = strncmp(rows[i].what, "Landlock", 8) == 0;
    *out = (struct hg_need){.what = rows[i].what,
                            .present = rows[i].present(m),
                            .needed = rows[i].needed(policy),
                            .state = landlock ? hg_needs_landlock(m) : "",
                            .remedy = rows[i].remedy};
    (void)snprintf(out->by, sizeof out->by, "[%s] %s (%s)", rows[i].section, rows[i].key,
                   hg_policy_origin(policy, rows[i].section, rows[i].key));
}

bool hg_needs_lack(const struct hg_machine *m, const struct hg_policy *policy, struct hg_need *out)
{
    for (size_t i = 0; i < hg_needs_count(); i++) {
        hg_needs_row(m, policy, i, out);
        if (out->needed && !out->present)
            return true;
    }
    return false;
}
