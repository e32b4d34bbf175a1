/* SPDX-License-Identifier: Apache-2.0 */
/* The plan as two programs, because libseccomp has no "else" for one system call: the first allows what it
 * does not refuse itself, the second notifies about what it does not allow, and of what they return the
 * kernel takes the stricter: kill before errno before notify before allow. Only the program that was
 * installed with a listener can notify, so all of that is in the last one. */
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/cage_plan.h"

/* No call of this kernel, as far as the process may know. */
static bool is_absent(const struct hg_plan *plan, int nr)
{
    return plan->calls[nr].verdict == HG_CALL_ERRNO && plan->calls[nr].error == ENOSYS;
}

/* libseccomp merges the conditions of one call into a tree, and has done so wrongly (GHSA-4q85-33p6-j5g6):
 * the tests run what it made against the plan. */
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
        if (plan->calls[nr].verdict == HG_CALL_ERRNO && !is_absent(plan, nr))
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

/* --- numbers that are no calls
 * ------------------------------------------------------------------------------- */

#define PRELUDE_RANGES 80 /* of three instructions: what a jump can pass over */
#define PRELUDE_MAX    (3 + 3 * PRELUDE_RANGES)

/* libseccomp knows no ranges, and takes 30 ms for a rule each: in front of its program stand these, `action`
 * for every number that is no call. The last range has no end: whatever the architecture, no number is
 * forgotten; x32's are killed by the other program, which weighs more. */
static size_t prelude(const struct hg_plan *plan, uint32_t action, struct sock_filter *out)
{
    size_t n = 3;
    for (int nr = 0; nr < HG_PLAN_CALLS && n + 3 <= PRELUDE_MAX; nr++) {
        if (!is_absent(plan, nr))
            continue;
        int first = nr;
        while (nr + 1 < HG_PLAN_CALLS && is_absent(plan, nr + 1))
            nr++;
        uint32_t last = nr == HG_PLAN_CALLS - 1 ? UINT32_MAX : (uint32_t)nr;
        out[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)first, 0, 2);
        out[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 1, 0);
        out[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
    }
    out[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    out[1] =
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 0, (uint8_t)(n - 2));
    out[2] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    return n;
}

/* libseccomp's jumps are relative and it loads what it looks at: its program can stand behind another. */
static int put_in_front(struct hg_program *program, const struct sock_filter *items, size_t count)
{
    if (count + program->count > BPF_MAXINSNS)
        return -E2BIG;
    struct sock_filter *all = malloc((count + program->count) * sizeof *all);
    if (all == NULL)
        return -ENOMEM;
    memcpy(all, items, count * sizeof *all);
    memcpy(all + count, program->items, program->count * sizeof *all);
    free(program->items);
    program->items = all;
    program->count = (unsigned short)(program->count + count);
    return 0;
}

/* --- programs
 * ------------------------------------------------------------------------------------------------ */

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

/* Under `observe` nothing is refused: the first program lets everything pass, and the second says nothing
 * about numbers that are no calls, nor about clone3(2), which glibc would be told of for nothing. */
static int build(const struct hg_plan *plan, bool observe, struct hg_program out[HG_CAGE_PROGRAMS])
{
    struct sock_filter head[PRELUDE_MAX];
    size_t count = prelude(plan, observe ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(ENOSYS), head);
    int rc = compile(plan, SCMP_ACT_ALLOW, observe ? NULL : add_refusals, observe, &out[0]);
    if (rc == 0)
        rc = compile(plan, SCMP_ACT_NOTIFY, add_allowed, observe, &out[1]);
    return rc == 0 ? put_in_front(&out[observe ? 1 : 0], head, count) : rc;
}

int hg_filter_build(const struct hg_filter_options *options, struct hg_program out[HG_CAGE_PROGRAMS],
                    struct hg_error *err)
{
    memset(out, 0, HG_CAGE_PROGRAMS * sizeof *out);
    struct hg_plan *plan = malloc(sizeof *plan);
    if (plan == NULL)
        return hg_error_set(err, -ENOMEM, "out of memory");
    hg_plan_make(options, false, plan);
    int rc = build(plan, options->observe, out);
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
