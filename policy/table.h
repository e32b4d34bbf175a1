/* SPDX-License-Identifier: Apache-2.0 */
/* The vocabulary of the policy as rows, and one value from text. Internal to policy/. */
#ifndef HUBGUARD_POLICY_TABLE_H
#define HUBGUARD_POLICY_TABLE_H

#include "policy/values.h"

enum hg_value_type {
    HG_VALUE_FLAG, /* bool, by choice */
    HG_VALUE_ENUM, /* an enum, by choice */
    HG_VALUE_SIZE,
    HG_VALUE_DURATION,
    HG_VALUE_PATH,  /* char *, absolute; "" is NULL */
    HG_VALUE_WORDS, /* struct hg_words, separated by blanks */
    HG_VALUE_COLONS /* struct hg_words, separated by colons or blanks */
};

struct hg_row {
    const char *section, *key;
    enum hg_value_type type;
    size_t offset; /* in struct hg_policy */
    const char *initial;
    const struct hg_choice *choices;
    hg_word_fn *judge;
    const char *alone; /* blank-separated words that must be the only one of their list; such a list cannot be
                          empty */
    bool
        start_dir; /* PATH: a relative one is taken from the directory the command starts in; else an error */
    const char *values, *doc;
};

extern const struct hg_row hg_rows[];
extern const size_t hg_row_count;

const struct hg_row *hg_row_find(const char *section, const char *key);
bool hg_row_section(const char *section);
/* The complaint "unknown section ..." or "unknown key ..." with the nearest known name. Returns -EINVAL. */
int hg_row_unknown(const char *section, const char *key, struct hg_error *err);

/* Give the row's value the meaning of `text`; `append` to a list, otherwise replace. 0, -EINVAL, -ENOMEM. */
int hg_row_set(struct hg_policy *policy, const struct hg_row *row, const char *text, bool append,
               struct hg_error *err);
void hg_row_clear(struct hg_policy *policy, const struct hg_row *row);

#endif
