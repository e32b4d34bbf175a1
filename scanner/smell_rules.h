/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read rules share: smell_rules.c (the INI text), smell_pattern.c (what a rule matches),
 * smell_cond.c (under which conditions). */
#ifndef HUBGUARD_SCANNER_SMELL_RULES_H
#define HUBGUARD_SCANNER_SMELL_RULES_H

#include "scanner/smell_impl.h"

enum sm_rule_key {
    K_TITLE,
    K_DESCRIPTION,
    K_REMEDY,
    K_REFERENCE,
    K_EXAMPLE,
    K_COUNTEREXAMPLE,
    K_ID,
    K_TEXTS, /* sm_rule.texts */
    K_CWE = K_TEXTS,
    K_SEV_LOAD,
    K_SEV_CALL,
    K_CONFIDENCE,
    K_MATCH,
    K_MATCH_LOAD,
    K_MATCH_STORE,
    K_MATCH_IMPORT,
    K_MATCH_ESCAPE,
    K_WHEN,
    K_COUNT
};

struct sm_loader {
    struct hg_smell_rules *rules;
    const char *at, *end, *name;
    unsigned line, section_line, heading_line;
    char section[64];
    char values[K_COUNT - K_TEXTS][4096]; /* lists, lines joined by \n */
    uint32_t seen;
    enum sm_rule_key last;
    unsigned key_line[K_COUNT];
    bool open;    /* a section is being read */
    bool heading; /* a [section] line was read since: two may have the same name */
    struct sm_rule rule;
    struct hg_error *err;
    int rc; /* first error */
};

/* Note the first error, its line and what may have been meant. Returns 0: the caller says which errno. */
int sm_loader_fail(struct sm_loader *l, unsigned line, const char *what, const char *word, const char *near);
/* Next word of a list with any of these separators, blanks around it dropped; cuts *at up. NULL: no more. */
char *sm_next_word(char **at, const char *separators);

/* smell_pattern.c */
uint32_t sm_rules_name(struct hg_smell_rules *r, const char *text, size_t len); /* SM_NO_NAME: no memory */
/* "os.system", "os.exec*", "*.extractall", for the rule being read. 0, -ENOMEM, -EINVAL (noted). */
int sm_pattern_add(struct sm_loader *l, enum sm_rule_key key, const char *text, size_t len);

/* smell_cond.c */
/* The bit of a source's name, a new one when it is new. 0, -ENOMEM, -EINVAL when there are too many. */
int sm_taint_bit(struct hg_smell_rules *r, const char *name, uint32_t *bit);
/* "arg.0 = const", for the rule being read; `text` is cut up. Returns as sm_pattern_add(). */
int sm_cond_add(struct sm_loader *l, char *text);

#endif
