/* SPDX-License-Identifier: Apache-2.0 */
/* The policy: INI in, one struct out. The vocabulary is a table (policy.c) from which the parser, the
 * defaults, `policy show` and docs/policy.md all come. */
#ifndef HUBGUARD_POLICY_POLICY_H
#define HUBGUARD_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "scanner/error.h"
#include "scanner/finding.h"

enum hg_mode { HG_MODE_ENFORCE = 0, HG_MODE_OBSERVE };
enum hg_bytecode { HG_BYTECODE_IGNORE = 0, HG_BYTECODE_BLOCK, HG_BYTECODE_ALLOW };

/* Words of a list value. Strings are owned by the policy. */
struct hg_words {
    char **items;
    size_t count;
};

struct hg_policy {
    /* [guard] */
    enum hg_mode mode;
    bool on_error_allow; /* on_error = allow */
    char *report;        /* absolute path, or NULL */
    bool banner;
    /* [roots] */
    bool roots_auto;
    struct hg_words roots_extra, roots_exclude; /* absolute, ~ expanded */
    /* [scan] */
    enum hg_severity block_at; /* HG_SEV_NONE = never */
    enum hg_severity warn_at;  /* HG_SEV_NONE = never */
    enum hg_bytecode bytecode;
    bool native_allow;
    uint64_t max_size; /* bytes */
    uint32_t timeout_ms;
    char *rules; /* directory, or NULL */
    /* [lock] */
    char *lock_file; /* absolute; the default is hubguard.lock in the directory the command starts in */
    bool lock_require;
    /* [exec] [net] [fs] [syscalls]: enforced by the cage (policy/cage.h, policy/net.h) */
    struct hg_words exec_allow, net_allow, fs_write, fs_read, fs_deny_read, syscalls_deny, syscalls_allow;
    bool syscalls_strict;

    char *source;  /* path of the file it came from, or NULL for the built-in default */
    void *origins; /* where each value comes from; policy.c's own */
};

/* The built-in default. Returns 0 or -ENOMEM. */
int hg_policy_default(struct hg_policy *out, struct hg_error *err);
/* Default overlaid with one INI file. A file that group or others may write, or that belongs neither to root
 * nor to the user, is refused with -EACCES. A list in the file replaces the default list. Strict: an unknown
 * section, key or value, a duplicate key, an over-long line, a NUL byte, or anything inih reports is an error
 * "FILE:LINE: ... (did you mean ...?)". Returns 0, -ENOENT, -EACCES, -EINVAL, -ENOMEM; on failure *out is
 * empty. */
int hg_policy_load(const char *path, struct hg_policy *out, struct hg_error *err);
/* The same from memory, for tests and the fuzzer; `name` stands in messages. */
int hg_policy_parse(const char *text, size_t size, const char *name, struct hg_policy *out,
                    struct hg_error *err);
/* DESIGN search order: `option` (may be NULL), $HUBGUARD_POLICY, $XDG_CONFIG_HOME/hubguard/policy.ini
 * (default
 * ~/.config), /etc/hubguard/policy.ini, the built-in default; then HUBGUARD_MODE, HUBGUARD_REPORT and
 * HUBGUARD_LOCK on top (a bad HUBGUARD_MODE is an error). An empty variable is no variable. A file named by
 * option or HUBGUARD_POLICY that is missing is an error. */
int hg_policy_find(const char *option, struct hg_policy *out, struct hg_error *err);
void hg_policy_free(struct hg_policy *policy);

/* Override one value as if the file said so (used for --mode, --report). `origin` is a short text such as
 * "--mode". */
int hg_policy_set(struct hg_policy *policy, const char *section, const char *key, const char *value,
                  const char *origin, struct hg_error *err);
/* Where the value comes from, for messages: "FILE:LINE", "--mode", "built-in default". Borrowed. */
const char *hg_policy_origin(const struct hg_policy *policy, const char *section, const char *key);
/* The vocabulary as Markdown tables: the reference part of docs/policy.md. */
int hg_policy_doc(FILE *out);
/* `policy show`: every section and key with its effective value and where it comes from. Valid INI again. */
int hg_policy_print(const struct hg_policy *policy, FILE *out);

#endif
