/* SPDX-License-Identifier: Apache-2.0 */
/* The plan as two programs, because libseccomp has no "else" for one system call: the first allows what it
 * does not refuse itself, the second notifies about what it does not allow, and of what they return the
 * kernel takes the stricter: errno before notify before allow. Only the program that was installed with a
 * listener can notify, so all of that is in the last one. */
#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/cage_plan.h"

static int add_condition(scmp_filter_ctx ctx, uint32_t action, const struct hg_condition *row)
{
    struct scmp_arg_cmp compare[3];
    for (unsigned i = 0; i < row->count; i++)
        compare[i] = (struct scmp_arg_cmp){row->compare[i].arg, SCMP_CMP_MASKED_EQ, row->compare[i].mask,
                                           row->compare[i].value};
    return seccomp_rule_add_array(ctx, action, row->call, row->count, compare);
}

static bool has_rows(const struct hg_condition *rows, size_t count, int call)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].call == call)
            return true;
    return false;
}

static int add_refusals(scmp_filter_ctx ctx, const struct hg_plan *plan)
{
    int rc = 0;
    for (int nr = 0; rc == 0 && nr < HG_PLAN_CALLS; nr++)
        if (plan->calls[nr].verdict == HG_CALL_ERRNO)
            rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(plan->calls[nr].error), nr, 0);
    for (size_t i = 0; rc == 0 && i < plan->refuse_count; i++)
        if (plan->calls[plan->refuse[i].call].verdict != HG_CALL_ERRNO)
            rc = add_condition(ctx, SCMP_ACT_ERRNO(EPERM), &plan->refuse[i]);
    return rc;
}

/* A call without conditions is allowed by its number alone: such numbers the kernel keeps in a bitmap and
 * runs no program for. */
static int add_allowed(scmp_filter_ctx ctx, const struct hg_plan *plan)
{
    int rc = 0;
    for (int nr = 0; rc == 0 && nr < HG_PLAN_CALLS; nr++)
        if (plan->calls[nr].verdict == HG_CALL_ALLOW && !has_rows(plan->allow, plan->allow_count, nr))
            rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
    for (size_t i = 0; rc == 0 && i < plan->allow_count; i++)
        if (plan->calls[plan->allow[i].call].verdict == HG_CALL_ALLOW)
            rc = add_condition(ctx, SCMP_ACT_ALLOW, &plan->allow[i]);
    return rc;
}

/* libseccomp writes to a descriptor only. */
static int take(scmp_filter_ctx ctx, struct hg_program *out)
{
    struct stat st;
    int fd = memfd_create("hubguard-filter", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = seccomp_export_bpf(ctx, fd);
    if (rc == 0 && fstat(fd, &st) != 0)
        rc = -errno;
    if (rc == 0 && (st.st_size <= 0 || (size_t)st.st_size > BPF_MAXINSNS * sizeof *out->items))
        rc = -E2BIG;
    if (rc == 0 && (out->items = malloc((size_t)st.st_size)) == NULL)
        rc = -ENOMEM;
    if (rc == 0 && pread(fd, out->items, (size_t)st.st_size, 0) != st.st_size)
        rc = -EIO;
    if (rc == 0)
        out->count = (unsigned short)((size_t)st.st_size / sizeof *out->items);
    close(fd);
    return rc;
}

/* `observe` must not kill what it only watches: programs of foreign architectures run unwatched. */
static int compile(const struct hg_plan *plan, uint32_t initial,
                   int (*fill)(scmp_filter_ctx, const struct hg_plan *), bool observe, struct hg_program *out)
{
    scmp_filter_ctx ctx = seccomp_init(initial);
    if (ctx == NULL)
        return -ENOSYS;
    int rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, observe ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS);
    if (rc == 0) /* a binary tree: any call is found in ten comparisons */
        rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (rc == 0 && fill != NULL)
        rc = fill(ctx, plan);
    if (rc == 0)
        rc = take(ctx, out);
    seccomp_release(ctx);
    return rc;
}

int hg_filter_build(const struct hg_filter_options *options, struct hg_program out[HG_CAGE_PROGRAMS],
                    struct hg_error *err)
{
    bool observe = options->observe;
    memset(out, 0, HG_CAGE_PROGRAMS * sizeof *out);
    struct hg_plan *plan = malloc(sizeof *plan);
    if (plan == NULL)
        return hg_error_set(err, -ENOMEM, "out of memory");
    hg_plan_make(options, plan);
    if (observe) /* nothing is refused, so glibc must not be told that there is no clone3 */
        for (int nr = 0; nr < HG_PLAN_CALLS; nr++)
            if (plan->calls[nr].verdict == HG_CALL_ERRNO && plan->calls[nr].error == ENOSYS)
                plan->calls[nr].verdict = HG_CALL_ALLOW;
    int rc = compile(plan, SCMP_ACT_ALLOW, observe ? NULL : add_refusals, observe, &out[0]);
    if (rc == 0)
        rc = compile(plan, SCMP_ACT_NOTIFY, add_allowed, observe, &out[1]);
    free(plan);
    if (rc < 0) {
        hg_programs_free(out);
        return hg_error_set(err, rc, "libseccomp cannot make the filter: %s%s", strerror(-rc),
                            rc == -ENOSYS || rc == -EOPNOTSUPP ? " (it takes Linux 5.9 and libseccomp 2.5)"
                                                               : "");
    }
    return 0;
}

void hg_programs_free(struct hg_program programs[HG_CAGE_PROGRAMS])
{
    for (size_t i = 0; i < HG_CAGE_PROGRAMS; i++)
        free(programs[i].items);
    memset(programs, 0, HG_CAGE_PROGRAMS * sizeof *programs);
}
