/* SPDX-License-Identifier: Apache-2.0 */
/* The conditions of a rule: "SUBJECT = VALUE". */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/smell_rules.h"

int sm_taint_bit(struct hg_smell_rules *r, const char *name, uint32_t *bit)
{
    for (uint32_t i = 0; i < r->taint_count; i++) {
        if (strcmp(r->taint_names[i], name) == 0) {
            *bit = 1U << i;
            return 0;
        }
    }
    if (r->taint_count == 28)
        return -EINVAL;
    r->taint_names[r->taint_count] = strdup(name);
    if (r->taint_names[r->taint_count] == NULL)
        return -ENOMEM;
    *bit = 1U << r->taint_count++;
    return 0;
}

static const char *const word_names[] = {
    [SM_W_CONST] = "const", [SM_W_NONCONST] = "nonconst", [SM_W_TRUE] = "True",    [SM_W_FALSE] = "False",
    [SM_W_NONE] = "None",   [SM_W_PRESENT] = "present",   [SM_W_ABSENT] = "absent"};
static const char *const subject_names[] = {"arg.0", "kw.name", "any",       "recv",
                                            "argc",  "taint.0", "taint.any", "taint.recv"};

static int cond_subject(struct sm_loader *l, struct sm_cond *c, char *subject)
{
    static const struct {
        const char *name;
        uint8_t subject;
    } fixed[] = {{"any", SM_S_ANY},
                 {"recv", SM_S_RECV},
                 {"argc", SM_S_ARGC},
                 {"taint.any", SM_S_TAINT_ANY},
                 {"taint.recv", SM_S_TAINT_RECV}};
    c->arg = -1;
    for (char *word; (word = sm_next_word(&subject, "|")) != NULL;) {
        size_t f = 0;
        while (f < sizeof fixed / sizeof *fixed && strcmp(fixed[f].name, word) != 0)
            f++;
        bool taint = strncmp(word, "taint.", 6) == 0;
        char *digits = word + (taint ? 6 : 4);
        if (f < sizeof fixed / sizeof *fixed) {
            c->subject = fixed[f].subject;
        } else if ((taint || strncmp(word, "arg.", 4) == 0) && isdigit((unsigned char)digits[0]) &&
                   digits[1] == '\0') {
            c->subject = taint ? SM_S_TAINT_ARG : SM_S_ARG;
            c->arg = (int16_t)(digits[0] - '0');
        } else if (strncmp(word, "kw.", 3) == 0 && word[3] != '\0' && c->keywords < SM_KWARGS_MAX) {
            uint32_t name = sm_rules_name(l->rules, word + 3, strlen(word + 3));
            if (name == SM_NO_NAME)
                return -ENOMEM;
            c->keyword[c->keywords++] = name;
        } else {
            return sm_loader_fail(
                       l, l->key_line[K_WHEN], "unknown subject", word,
                       sm_nearest(subject_names, sizeof subject_names / sizeof *subject_names, word)),
                   -EINVAL;
        }
    }
    return 0;
}

static int cond_globs(struct sm_cond *c, char *value)
{
    size_t count = 2;
    for (const char *p = value; *p != '\0'; p++)
        count += *p == '|';
    c->globs = calloc(count, sizeof *c->globs);
    if (c->globs == NULL)
        return -ENOMEM;
    size_t n = 0;
    for (char *word; (word = sm_next_word(&value, "|")) != NULL; n++) {
        c->globs[n] = strdup(word);
        if (c->globs[n] == NULL)
            return -ENOMEM;
    }
    return 0;
}

static int cond_value(struct sm_loader *l, struct sm_cond *c, char *value)
{
    bool taint =
        c->subject == SM_S_TAINT_ARG || c->subject == SM_S_TAINT_ANY || c->subject == SM_S_TAINT_RECV;
    if (taint) {
        for (char *word; (word = sm_next_word(&value, "|")) != NULL;) {
            uint32_t bit;
            int rc = sm_taint_bit(l->rules, word, &bit);
            if (rc != 0)
                return rc;
            c->taint |= bit;
        }
        return 0;
    }
    if (c->test == SM_LIKE || c->test == SM_NOT_LIKE)
        return cond_globs(c, value);
    if (c->subject == SM_S_ARGC || c->test == SM_AT_LEAST) {
        c->number = (uint32_t)strtoul(value, NULL, 10);
        return 0;
    }
    size_t n = strlen(value);
    if (n >= 2 && value[0] == '"' && value[n - 1] == '"') {
        c->word = SM_W_TEXT;
        value[n - 1] = '\0';
        return cond_globs(c, value + 1);
    }
    for (unsigned w = 1; w < SM_W_TEXT; w++) {
        if (strcmp(word_names[w], value) == 0) {
            c->word = (uint8_t)w;
            return 0;
        }
    }
    return sm_loader_fail(l, l->key_line[K_WHEN], "unknown value", value,
                          sm_nearest(word_names + 1, SM_W_TEXT - 1, value)),
           -EINVAL;
}

int sm_cond_add(struct sm_loader *l, char *text)
{
    static const struct {
        const char *sign;
        uint8_t test;
    } tests[] = {
        {" != ", SM_IS_NOT}, {" !~ ", SM_NOT_LIKE}, {" >= ", SM_AT_LEAST}, {" = ", SM_IS}, {" ~ ", SM_LIKE}};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        char *sign = strstr(text, tests[i].sign);
        if (sign == NULL)
            continue;
        struct sm_cond *more = realloc(l->rule.conds, (l->rule.cond_count + 1) * sizeof *more);
        if (more == NULL)
            return -ENOMEM;
        l->rule.conds = more;
        struct sm_cond *c = &more[l->rule.cond_count++];
        *c = (struct sm_cond){.test = tests[i].test};
        *sign = '\0';
        char *value = sign + strlen(tests[i].sign);
        while (*value == ' ')
            value++;
        int rc = cond_subject(l, c, text);
        return rc != 0 ? rc : cond_value(l, c, value);
    }
    return sm_loader_fail(l, l->key_line[K_WHEN],
                          "a condition is \"SUBJECT = != ~ !~ >= VALUE\" with blanks around the sign, not",
                          text, NULL),
           -EINVAL;
}
