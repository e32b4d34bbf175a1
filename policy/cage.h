/* SPDX-License-Identifier: Apache-2.0 */
/* From a policy to what the kernel is told: seccomp programs (libseccomp) and a Landlock ruleset. Pure of the
 * guard's state; the guard sends the results to the process that closes its cage, which installs them as they
 * are. */
#ifndef HUBGUARD_POLICY_CAGE_H
#define HUBGUARD_POLICY_CAGE_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "policy/policy.h"
#include "shim/roots.h"

/* --- seccomp (cage_filter.c) --- */

#define HG_CAGE_PROGRAMS 2 /* installed in this order; only the last one notifies */

struct hg_program {
    struct sock_filter *items; /* malloc */
    unsigned short count;
};

struct hg_filter_options {
    const struct hg_policy *policy;
    pid_t guard;      /* must not be signalled where Landlock has no signal scope */
    int landlock_abi; /* 0: none */
    bool observe;     /* what would be refused notifies, and the guard lets it go on */
};

/* What the filter does with a call. */
enum hg_call_verdict {
    HG_CALL_ALLOW = 0,
    HG_CALL_REFUSE, /* notifies; the guard records it and answers EPERM; without a guard it is ENOSYS */
    HG_CALL_ERRNO,  /* refused in the filter itself */
    HG_CALL_BROKER, /* notifies; the guard decides (connect, execve, what programs call as they start) */
    HG_CALL_KILL    /* foreign architectures, x32 */
};

/* Compile the two programs. A system call that no name is known for is ENOSYS. 0, or -errno with *err; on
 * failure both are empty. */
int hg_filter_build(const struct hg_filter_options *options, struct hg_program out[HG_CAGE_PROGRAMS],
                    struct hg_error *err);
void hg_programs_free(struct hg_program programs[HG_CAGE_PROGRAMS]);
/* OCI runtime specification, linux.seccomp: JSON on `out`; what a profile cannot express is listed on
 * `notes`, one line each. 0, -ENOMEM, -EIO. */
int hg_filter_oci(const struct hg_policy *policy, FILE *out, FILE *notes);

/* --- files (cage_places.c) --- */

struct hg_place {
    char *path; /* resolved, absolute */
    bool is_directory;
};
struct hg_place_list {
    struct hg_place *items;
    size_t count;
};

/* Everything resolved at the moment the cage closes. What does not exist is left out. */
struct hg_places {
    struct hg_place_list write; /* directories and files that may be written, made and removed below */
    struct hg_place_list exec;  /* programs (or directories of them) that may be started; empty with `none` */
    struct hg_place_list
        loaders; /* ELF interpreters of those: Landlock must let them be opened for exec too */
    struct hg_place_list deny_read;
    struct hg_place_list read; /* only when `read` is not `any` */
    bool read_any;
};

struct hg_places_options {
    const struct hg_policy *policy;
    const struct hg_roots *roots; /* of the loaders: `cache` */
    const char *cwd;              /* where the command started; NULL: unknown, then `cwd` is nothing */
    const char
        *interpreter; /* resolved path of the running interpreter (/proc/PID/exe): what `python` means */
    hg_getenv_fn *env;
    void *ctx;
};

int hg_places_find(const struct hg_places_options *options, struct hg_places *out, struct hg_error *err);
void hg_places_free(struct hg_places *places);

/* Decisions for hooks and events, on a resolved path (hg_path_resolve; what does not exist yet by its
 * parent). */
bool hg_places_may_write(const struct hg_places *places, const char *resolved);
bool hg_places_may_read(const struct hg_places *places, const char *resolved);
bool hg_places_may_exec(const struct hg_places *places, const char *resolved);

/* A Landlock ruleset with everything that `abi` can hold: file rights, no TCP connect of the process's own
 * (abi 4 on), abstract sockets and signals scoped (abi 6 on). Descriptor (close-on-exec), or -errno with *err
 * (-EOPNOTSUPP: abi 0). `read` minus `deny_read` is built by walking from the root to each denied place and
 * granting its siblings: what is made beside an ancestor of a denied place afterwards cannot be read by the
 * cage. Where a denied place lies inside a place of `write`, nothing in the directories above it can be
 * removed or moved (hg_places_may_write does not tell that apart). Listing a directory is never refused. */
int hg_places_ruleset(const struct hg_places *places, int abi, struct hg_error *err);

#endif
