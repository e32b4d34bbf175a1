/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp programs as the kernel runs them: classic BPF over struct seccomp_data, and of several programs'
 * results the strictest (seccomp_run_filters in kernel/seccomp.c). */
#ifndef HUBGUARD_TESTS_BPF_SIM_H
#define HUBGUARD_TESTS_BPF_SIM_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "policy/cage.h"

#if defined(__x86_64__)
#define SIM_ARCH         AUDIT_ARCH_X86_64
#define SIM_ARCH_FOREIGN AUDIT_ARCH_I386
#else
#define SIM_ARCH         AUDIT_ARCH_AARCH64
#define SIM_ARCH_FOREIGN AUDIT_ARCH_ARM
#endif

struct sim_result {
    uint32_t action;
    unsigned steps;
    bool looked; /* at more than number and architecture: the kernel cannot keep the answer in its bitmap */
    bool fault;  /* not a program the kernel would take, or it ran off its end */
};

static inline bool sim_jump(uint16_t code, uint32_t a, uint32_t k)
{
    switch (BPF_OP(code)) {
    case BPF_JEQ:
        return a == k;
    case BPF_JGT:
        return a > k;
    case BPF_JGE:
        return a >= k;
    default:
        return (a & k) != 0; /* BPF_JSET */
    }
}

static inline struct sim_result sim_program(const struct hg_program *program, const struct seccomp_data *data)
{
    struct sim_result r = {.action = SECCOMP_RET_KILL_PROCESS};
    uint32_t a = 0;
    for (uint32_t pc = 0; pc < program->count; pc++) {
        const struct sock_filter *f = &program->items[pc];
        r.steps++;
        switch (f->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            r.fault |= f->k > sizeof *data - 4 || f->k % 4 != 0;
            if (r.fault)
                return r;
            r.looked |= f->k >= offsetof(struct seccomp_data, instruction_pointer);
            memcpy(&a, (const char *)data + f->k, sizeof a);
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= f->k;
            break;
        case BPF_JMP | BPF_JA:
            pc += f->k;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
        case BPF_JMP | BPF_JGT | BPF_K:
        case BPF_JMP | BPF_JGE | BPF_K:
        case BPF_JMP | BPF_JSET | BPF_K:
            pc += sim_jump(f->code, a, f->k) ? f->jt : f->jf;
            break;
        case BPF_RET | BPF_K:
            r.action = f->k;
            return r;
        default:
            r.fault = true;
            return r;
        }
    }
    r.fault = true;
    return r;
}

static inline struct sim_result sim(const struct hg_program programs[HG_CAGE_PROGRAMS],
                                    const struct seccomp_data *data)
{
    struct sim_result all = {.action = SECCOMP_RET_ALLOW};
    for (size_t i = HG_CAGE_PROGRAMS; i-- > 0;) {
        struct sim_result one = sim_program(&programs[i], data);
        if ((int32_t)(one.action & SECCOMP_RET_ACTION_FULL) < (int32_t)(all.action & SECCOMP_RET_ACTION_FULL))
            all.action = one.action;
        all.steps += one.steps;
        all.looked |= one.looked;
        all.fault |= one.fault;
    }
    return all;
}

#endif
