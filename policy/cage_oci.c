/* SPDX-License-Identifier: Apache-2.0 */
/* The plan as linux.seccomp of an OCI runtime configuration: one filter, no listener, in force before the
 * container's program starts. What is not allowed there falls to the default, ENOSYS, so that a call newer
 * than the profile looks absent; what the policy refuses by name is EPERM. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cage_plan.h"

#if defined(__x86_64__)
#define ARCHITECTURE "SCMP_ARCH_X86_64"
#elif defined(__aarch64__)
#define ARCHITECTURE "SCMP_ARCH_AARCH64"
#endif

static bool is_only(const struct hg_words *words, const char *word)
{
    return words->count == 1 && strcmp(words->items[0], word) == 0;
}

/* What the guard decides in a cage, nobody decides in a container: the runtime itself starts the program with
 * execve(2), and where connections go is up to the container's network. A second filter can only take away,
 * and with seccomp(2) hubguard closes its own cage in the container. */
static enum hg_call_verdict verdict_of(const struct hg_policy *policy, const struct hg_plan *plan, int nr)
{
    if (nr == SCMP_SYS(execve) || nr == SCMP_SYS(set_tid_address) || nr == SCMP_SYS(arch_prctl) ||
        nr == SCMP_SYS(seccomp))
        return HG_CALL_ALLOW;
    if (nr == SCMP_SYS(connect))
        return is_only(&policy->net_allow, "none") ? HG_CALL_REFUSE : HG_CALL_ALLOW;
    return (enum hg_call_verdict)plan->calls[nr].verdict;
}

static bool is_conditional(const struct hg_plan *plan, int nr)
{
    for (size_t i = 0; i < plan->allow_count; i++)
        if (plan->allow[i].call == nr)
            return true;
    return false;
}

/* --- JSON; a NULL anywhere ends in -ENOMEM
 * ------------------------------------------------------------------- */

static cJSON *add_rule(cJSON *rules, const char *action, cJSON **names)
{
    cJSON *rule = cJSON_CreateObject();
    if (!cJSON_AddItemToArray(rules, rule)) {
        cJSON_Delete(rule);
        return NULL;
    }
    *names = cJSON_AddArrayToObject(rule, "names");
    return *names != NULL && cJSON_AddStringToObject(rule, "action", action) != NULL ? rule : NULL;
}

static bool add_name(cJSON *names, int nr)
{
    char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr);
    if (name == NULL)
        return false;
    cJSON *item = cJSON_CreateString(name);
    free(name);
    if (cJSON_AddItemToArray(names, item))
        return true;
    cJSON_Delete(item);
    return false;
}

static bool add_list(cJSON *rules, const struct hg_policy *policy, const struct hg_plan *plan,
                     enum hg_call_verdict verdict)
{
    cJSON *names;
    cJSON *rule = add_rule(rules, verdict == HG_CALL_ALLOW ? "SCMP_ACT_ALLOW" : "SCMP_ACT_ERRNO", &names);
    if (rule == NULL)
        return false;
    if (verdict != HG_CALL_ALLOW && cJSON_AddNumberToObject(rule, "errnoRet", EPERM) == NULL)
        return false;
    for (int nr = 0; nr < HG_PLAN_CALLS; nr++)
        if (verdict_of(policy, plan, nr) == verdict &&
            !(verdict == HG_CALL_ALLOW && is_conditional(plan, nr)) && !add_name(names, nr))
            return false;
    return true;
}

static bool add_compare(cJSON *args, const struct hg_compare *compare)
{
    cJSON *arg = cJSON_CreateObject();
    if (!cJSON_AddItemToArray(args, arg)) {
        cJSON_Delete(arg);
        return false;
    }
    return cJSON_AddNumberToObject(arg, "index", compare->arg) != NULL &&
           cJSON_AddNumberToObject(arg, "value", compare->mask) != NULL &&
           cJSON_AddNumberToObject(arg, "valueTwo", compare->value) != NULL &&
           cJSON_AddStringToObject(arg, "op", "SCMP_CMP_MASKED_EQ") != NULL;
}

static bool add_conditions(cJSON *rules, const struct hg_plan *plan)
{
    for (size_t i = 0; i < plan->allow_count; i++) {
        const struct hg_condition *row = &plan->allow[i];
        cJSON *names;
        if (plan->calls[row->call].verdict != HG_CALL_ALLOW)
            continue;
        cJSON *rule = add_rule(rules, "SCMP_ACT_ALLOW", &names);
        cJSON *args = rule != NULL ? cJSON_AddArrayToObject(rule, "args") : NULL;
        if (args == NULL || !add_name(names, row->call))
            return false;
        for (unsigned k = 0; k < row->count; k++)
            if (!add_compare(args, &row->compare[k]))
                return false;
    }
    return true;
}

static bool fill(cJSON *profile, const struct hg_policy *policy, const struct hg_plan *plan)
{
    if (cJSON_AddStringToObject(profile, "defaultAction", "SCMP_ACT_ERRNO") == NULL ||
        cJSON_AddNumberToObject(profile, "defaultErrnoRet", ENOSYS) == NULL)
        return false;
    /* Others than the native one are killed by libseccomp, in every runtime that uses it. */
    cJSON *architectures = cJSON_AddArrayToObject(profile, "architectures");
    cJSON *architecture = cJSON_CreateString(ARCHITECTURE);
    if (!cJSON_AddItemToArray(architectures, architecture)) {
        cJSON_Delete(architecture);
        return false;
    }
    cJSON *rules = cJSON_AddArrayToObject(profile, "syscalls");
    return rules != NULL && add_list(rules, policy, plan, HG_CALL_ALLOW) && add_conditions(rules, plan) &&
           add_list(rules, policy, plan, HG_CALL_REFUSE);
}

/* --- what it does not say
 * ------------------------------------------------------------------------------------- */

static const char *const always[] = {
    "scanning and approvals: nothing looks at the files; the profile stands beside the gate, not in its "
    "place",
    "when: it is in force from the container's first instruction, not from the first remote statement",
    "[exec] allow: the runtime starts the program with execve, so no program is refused",
    "[fs]: no file is protected; mount what must not be written read-only, and leave keys outside",
    "chmod, chown, setxattr and their kind: refused for every file (or allowed, where [syscalls] allow says "
    "so), "
    "since nobody decides them one by one",
    "prctl, ioctl: allowed with any argument (a profile cannot say `all but these`): PR_SET_SECCOMP, "
    "PR_SET_MM, "
    "TIOCSTI, TIOCLINUX, inode flags",
    "events: refusals are not reported, and no act is named by repository, file and line",
};

static void list(const struct hg_policy *policy, FILE *notes)
{
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        (void)fprintf(notes, "%s\n", always[i]);
    if (is_only(&policy->net_allow, "none"))
        (void)fputs("[net] allow = none: connect is refused, but listening and accepting is not\n", notes);
    else
        (void)fputs(
            "[net] allow: host names, addresses and ports are unknown to it; connect goes wherever the "
            "container's network lets it, and UDP is allowed, since names are resolved in the container\n",
            notes);
    if (policy->syscalls_strict)
        (void)fputs(
            "[syscalls] base = strict: takes process.noNewPrivileges = true, or the runtime's own change "
            "of user is refused\n",
            notes);
    if (policy->mode == HG_MODE_OBSERVE)
        (void)fputs("[guard] mode = observe: a profile always refuses\n", notes);
}

int hg_filter_oci(const struct hg_policy *policy, FILE *out, FILE *notes)
{
    struct hg_plan *plan = malloc(sizeof *plan);
    cJSON *profile = cJSON_CreateObject();
    char *text = NULL;
    if (plan != NULL && profile != NULL) {
        hg_plan_make(&(struct hg_filter_options){.policy = policy, .landlock_abi = HG_LANDLOCK_SIGNALS}, true,
                     plan);
        if (fill(profile, policy, plan))
            text = cJSON_Print(profile);
    }
    cJSON_Delete(profile);
    free(plan);
    if (text == NULL)
        return -ENOMEM;
    list(policy, notes);
    bool written = fprintf(out, "%s\n", text) > 0 && fflush(out) == 0;
    free(text);
    return written ? 0 : -EIO;
}
