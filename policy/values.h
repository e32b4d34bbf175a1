/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the policy: from text, to text, and what is a value at all. Internal to policy/. */
#ifndef HUBGUARD_POLICY_VALUES_H
#define HUBGUARD_POLICY_VALUES_H

#include "policy/policy.h"

struct hg_choice {
    const char *name;
    int value;
};

/* Judge one word of a list; on failure fill err->text with what is wrong with it and return -EINVAL. `*word`
 * may be replaced by another heap string (a ~ expanded). */
typedef int hg_word_fn(char **word, struct hg_error *err);

int hg_word_path(char **word, struct hg_error *err); /* absolute, or ~/...; becomes absolute */
int hg_word_exec(char **word, struct hg_error *err); /* python, none, PATH */
int hg_word_net(char **word,
                struct hg_error *err); /* hub, none, any, HOST[:PORT], *.DOMAIN[:PORT], CIDR[:PORT] */
int hg_word_write(char **word, struct hg_error *err); /* cwd, tmp, cache, PATH */
int hg_word_read(char **word, struct hg_error *err);  /* any, PATH */
/* @group or the name of a system call */
int hg_word_syscall_allow(char **word, struct hg_error *err);
int hg_word_syscall_deny(char **word, struct hg_error *err);

/* Split `text` at blanks (or at colons, when `separator` is ':'), "..." keeps them in a word, and append what
 * `judge` accepts to *list. A word that stands there already is an error. */
int hg_words_parse(struct hg_words *list, const char *text, char separator, hg_word_fn *judge,
                   struct hg_error *err);
void hg_words_free(struct hg_words *list);

int hg_size_parse(const char *text, uint64_t *out, struct hg_error *err); /* 8M, 512k, 100 */
int hg_duration_parse(const char *text, uint32_t *out,
                      struct hg_error *err); /* 5s, 500ms, 2m: milliseconds */
void hg_size_format(uint64_t value, char *out, size_t size);
void hg_duration_format(uint32_t value, char *out, size_t size);

/* Leading ~ or ~/ replaced by the home directory. Result is the caller's; NULL without memory. */
char *hg_home_expand(const char *text);

/* The name out of `count` (nearest(i) gives them) that is close enough to `text` to be what was meant, or
 * NULL. */
const char *hg_nearest(const char *text, const char *(*name)(const void *table, size_t i), const void *table,
                       size_t count);

#endif
