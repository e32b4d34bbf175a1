/* SPDX-License-Identifier: Apache-2.0 */
/* A policy from its beginning to its end: default, file, environment, print. */
#include "policy/policy.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/ini.h"
#include "policy/read.h"
#include "policy/table.h"
#include "shim/roots.h"

#define FILE_MAX    (256u * 1024u)
#define SYSTEM_FILE "/etc/hubguard/policy.ini"

/* Where a value comes from, by row; NULL is the built-in default. */
struct origins {
    char **text;
};

static size_t row_index(const struct hg_row *row)
{
    return (size_t)(row - hg_rows);
}

static int set_origin(struct hg_policy *policy, const struct hg_row *row, const char *origin)
{
    struct origins *origins = policy->origins;
    char *copy = strdup(origin);
    if (copy == NULL)
        return -ENOMEM;
    free(origins->text[row_index(row)]);
    origins->text[row_index(row)] = copy;
    return 0;
}

static const char *origin_of(const struct hg_policy *policy, const struct hg_row *row)
{
    const struct origins *origins = policy->origins;
    return origins->text[row_index(row)];
}

int hg_policy_default(struct hg_policy *out, struct hg_error *err)
{
    memset(out, 0, sizeof *out);
    struct origins *origins = calloc(1, sizeof *origins);
    if (origins != NULL)
        origins->text = calloc(hg_row_count, sizeof *origins->text);
    out->origins = origins;
    if (origins == NULL || origins->text == NULL) {
        hg_policy_free(out);
        return hg_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < hg_row_count; i++) {
        int rc = hg_row_set(out, &hg_rows[i], hg_rows[i].initial, false, err);
        if (rc < 0) {
            hg_policy_free(out);
            return rc;
        }
    }
    return 0;
}

void hg_policy_free(struct hg_policy *policy)
{
    struct origins *origins = policy->origins;
    for (size_t i = 0; i < hg_row_count; i++)
        hg_row_clear(policy, &hg_rows[i]);
    for (size_t i = 0; origins != NULL && origins->text != NULL && i < hg_row_count; i++)
        free(origins->text[i]);
    if (origins != NULL)
        free(origins->text);
    free(origins);
    free(policy->source);
    memset(policy, 0, sizeof *policy);
}

/* --- from a file
 * --------------------------------------------------------------------------------------------- */

struct loading {
    struct hg_policy *policy;
    const char *name;
    unsigned *seen; /* line of each row's key, 0 when it has not come yet */
};

static int on_section(void *ctx, const char *section, struct hg_error *err)
{
    (void)ctx;
    return hg_row_section(section) ? 0 : hg_row_unknown(section, "", err);
}

static int on_value(void *ctx, const struct hg_ini_item *item, struct hg_error *err)
{
    struct loading *l = ctx;
    char origin[PATH_MAX + 16];
    const struct hg_row *row = hg_row_find(item->section, item->key);
    if (item->section[0] == '\0')
        return hg_error_set(err, -EINVAL, "`%.60s` stands before the first section", item->key);
    if (row == NULL)
        return hg_row_unknown(item->section, item->key, err);
    bool list = row->type == HG_VALUE_WORDS || row->type == HG_VALUE_COLONS;
    unsigned *seen = &l->seen[row_index(row)];
    if (item->continued && !list)
        return hg_error_set(
            err, -EINVAL,
            "an indented line continues a list, and `%s` is none: begin the line without blanks", row->key);
    if (!item->continued && *seen != 0)
        return hg_error_set(err, -EINVAL, "`%s` in [%s] is set a second time (first in line %u)", row->key,
                            row->section, *seen);
    int rc = hg_row_set(l->policy, row, item->value, item->continued, err);
    if (rc < 0 || item->continued)
        return rc;
    *seen = item->line;
    (void)snprintf(origin, sizeof origin, "%s:%u", l->name, item->line);
    return set_origin(l->policy, row, origin);
}

/* `allow =` could mean everything as well as nothing. */
static int check_empty(const struct loading *l, struct hg_error *err)
{
    for (size_t i = 0; i < hg_row_count; i++) {
        const struct hg_row *row = &hg_rows[i];
        const struct hg_words *words = (const void *)((const char *)l->policy + row->offset);
        if (row->alone != NULL && words->count == 0)
            return hg_error_set(err, -EINVAL, "%s:%u: `%s` in [%s] is empty; write what you mean: %s",
                                l->name, l->seen[i], row->key, row->section, row->values);
    }
    return 0;
}

int hg_policy_parse(const char *text, size_t size, const char *name, struct hg_policy *out,
                    struct hg_error *err)
{
    int rc = hg_policy_default(out, err);
    if (rc < 0)
        return rc;
    struct loading l = {out, name, calloc(hg_row_count, sizeof *l.seen)};
    out->source = strdup(name);
    if (l.seen == NULL || out->source == NULL)
        rc = hg_error_set(err, -ENOMEM, "out of memory");
    if (rc == 0)
        rc = hg_ini_parse(text, size, name, &(struct hg_ini_handler){on_section, on_value, &l}, err);
    if (rc == 0)
        rc = check_empty(&l, err);
    free(l.seen);
    if (rc < 0)
        hg_policy_free(out);
    return rc;
}

/* Whoever can write the policy can switch it off. */
static int check_owner(const char *path, const struct stat *st, struct hg_error *err)
{
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return hg_error_set(err, -EACCES,
                            "%s: belongs to user %u, neither to root nor to you; use a copy of your own",
                            path, (unsigned)st->st_uid);
    if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return hg_error_set(err, -EACCES, "%s: others may write it (mode %o); run: chmod go-w %s", path,
                            (unsigned)st->st_mode & 07777, path);
    return 0;
}

int hg_policy_load(const char *path, struct hg_policy *out, struct hg_error *err)
{
    struct stat st;
    char *text = NULL;
    size_t size = 0;
    memset(out, 0, sizeof *out);
    int rc = hg_read_small(path, FILE_MAX, &text, &size, &st, err);
    if (rc == 0)
        rc = check_owner(path, &st, err);
    if (rc == 0)
        rc = hg_policy_parse(text, size, path, out, err);
    free(text);
    return rc == -EIO ? -EINVAL : rc;
}

/* --- from where
 * ---------------------------------------------------------------------------------------------- */

static const char *env_value(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0' ? value : NULL;
}

/* A relative XDG_CONFIG_HOME is invalid by the XDG specification, and would be the working directory here. */
static char *user_file(void)
{
    char *path = NULL;
    const char *config = env_value("XDG_CONFIG_HOME");
    if (config != NULL && config[0] == '/')
        return asprintf(&path, "%s/hubguard/policy.ini", config) < 0 ? NULL : path;
    path = hg_home_expand("~/.config/hubguard/policy.ini");
    if (path != NULL && path[0] != '/') {
        free(path);
        path = strdup(SYSTEM_FILE);
    }
    return path;
}

static int find_file(const char *option, struct hg_policy *out, struct hg_error *err)
{
    char named[PATH_MAX];
    const char *wanted = option != NULL ? option : env_value("HUBGUARD_POLICY");
    if (wanted != NULL) {
        if (hg_path_clean(wanted, NULL, named, sizeof named) < 0)
            return hg_error_set(err, -EINVAL, "%.200s: cannot be made an absolute path", wanted);
        return hg_policy_load(named, out, err);
    }
    char *user = user_file();
    if (user == NULL)
        return hg_error_set(err, -ENOMEM, "out of memory");
    int rc = hg_policy_load(user, out, err);
    free(user);
    if (rc == -ENOENT)
        rc = hg_policy_load(SYSTEM_FILE, out, err);
    return rc == -ENOENT ? hg_policy_default(out, err) : rc;
}

int hg_policy_find(const char *option, struct hg_policy *out, struct hg_error *err)
{
    static const struct {
        const char *variable, *section, *key;
    } overrides[] = {{"HUBGUARD_MODE", "guard", "mode"},
                     {"HUBGUARD_REPORT", "guard", "report"},
                     {"HUBGUARD_LOCK", "lock", "file"}};

    memset(out, 0, sizeof *out);
    int rc = find_file(option, out, err);
    for (size_t i = 0; rc == 0 && i < sizeof overrides / sizeof overrides[0]; i++) {
        const char *value = env_value(overrides[i].variable);
        if (value != NULL)
            rc =
                hg_policy_set(out, overrides[i].section, overrides[i].key, value, overrides[i].variable, err);
    }
    if (rc < 0)
        hg_policy_free(out);
    return rc;
}

/* What a file could not say is no value here either: `policy show` must stay valid INI. */
static bool is_sayable(const char *value)
{
    for (const char *s = value; *s != '\0'; s++)
        if ((unsigned char)*s < ' ' || *s == 0x7f || (*s == ';' && (s == value || s[-1] == ' ')))
            return false;
    return value[0] != ' ' && (*value == '\0' || value[strlen(value) - 1] != ' ');
}

int hg_policy_set(struct hg_policy *policy, const char *section, const char *key, const char *value,
                  const char *origin, struct hg_error *err)
{
    struct hg_error why = {""};
    const struct hg_row *row = hg_row_find(section, key);
    int rc = row == NULL ? hg_row_unknown(section, key, &why) : 0;
    if (row == NULL)
        return hg_error_set(err, rc, "%.100s: %.400s", origin, why.text);
    if (is_sayable(value))
        rc = hg_row_set(policy, row, value, false, &why);
    else
        rc = hg_error_set(&why, -EINVAL, "holds a control character, ` ;`, or a blank at an end");
    const struct hg_words *words = (const void *)((const char *)policy + row->offset);
    if (rc == 0 && row->alone != NULL && words->count == 0)
        rc = hg_error_set(&why, -EINVAL, "is empty; write what you mean: %s", row->values);
    if (rc == 0)
        rc = set_origin(policy, row, origin);
    if (rc < 0)
        return hg_error_set(err, rc, "%.100s: %.400s", origin, why.text);
    return 0;
}

/* --- to text
 * ------------------------------------------------------------------------------------------------- */

static const char *choice_text(const struct hg_row *row, const void *field)
{
    int value = 0;
    if (row->type == HG_VALUE_FLAG)
        value = *(const bool *)field;
    else
        memcpy(&value, field, sizeof value);
    for (const struct hg_choice *c = row->choices; c->name != NULL; c++)
        if (c->value == value)
            return c->name;
    return "";
}

const char *hg_policy_origin(const struct hg_policy *policy, const char *section, const char *key)
{
    const struct hg_row *row = hg_row_find(section, key);
    const char *origin = row == NULL ? NULL : origin_of(policy, row);
    return origin == NULL ? "built-in default" : origin;
}

/* A list of more than one line's length goes on indented lines. */
static void print_words(const struct hg_row *row, const struct hg_words *words, const char *origin, FILE *out)
{
    size_t length = 0;
    for (size_t i = 0; i < words->count; i++)
        length += strlen(words->items[i]) + 3;
    bool wide = length > 90;
    if (wide)
        (void)fprintf(out, "  ; %s", origin);
    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->items[i];
        const char *quote = strpbrk(word, row->type == HG_VALUE_COLONS ? " \t:" : " \t") != NULL ? "\"" : "";
        const char *before = wide ? "\n    " : i == 0 ? "" : row->type == HG_VALUE_COLONS ? ":" : " ";
        (void)fprintf(out, "%s%s%s%s", before, quote, word, quote);
    }
    if (!wide)
        (void)fprintf(out, "  ; %s", origin);
}

static void print_row(const struct hg_policy *policy, const struct hg_row *row, FILE *out)
{
    const void *field = (const char *)policy + row->offset;
    const char *text = NULL, *origin = origin_of(policy, row);
    char number[32];
    if (origin == NULL)
        origin = "built-in default";
    (void)fprintf(out, "%s = ", row->key);
    switch (row->type) {
    case HG_VALUE_WORDS:
    case HG_VALUE_COLONS:
        print_words(row, field, origin, out);
        break;
    case HG_VALUE_SIZE:
        hg_size_format(*(const uint64_t *)field, number, sizeof number);
        text = number;
        break;
    case HG_VALUE_DURATION:
        hg_duration_format(*(const uint32_t *)field, number, sizeof number);
        text = number;
        break;
    case HG_VALUE_PATH:
        text = *(char *const *)field != NULL ? *(char *const *)field : "";
        break;
    case HG_VALUE_FLAG:
    case HG_VALUE_ENUM:
        text = choice_text(row, field);
        break;
    }
    if (text != NULL)
        (void)fprintf(out, "%s  ; %s", text, origin);
    (void)fputc('\n', out);
}

static void print_section(const char *section, bool first, FILE *out)
{
    (void)fprintf(out, "%s[%s]\n", first ? "" : "\n", section);
}

int hg_policy_print(const struct hg_policy *policy, FILE *out)
{
    for (size_t i = 0; i < hg_row_count; i++) {
        if (i == 0 || strcmp(hg_rows[i].section, hg_rows[i - 1].section) != 0)
            print_section(hg_rows[i].section, i == 0, out);
        print_row(policy, &hg_rows[i], out);
    }
    return ferror(out) != 0 ? -EIO : 0;
}

static void doc_section(const char *section, bool first, FILE *out)
{
    (void)fprintf(out, "%s### [%s]\n\n", first ? "" : "\n", section);
    (void)fputs("| key | default | values | meaning |\n|---|---|---|---|\n", out);
}

int hg_policy_doc(FILE *out)
{
    for (size_t i = 0; i < hg_row_count; i++) {
        const struct hg_row *row = &hg_rows[i];
        if (i == 0 || strcmp(row->section, hg_rows[i - 1].section) != 0)
            doc_section(row->section, i == 0, out);
        const char *tick = row->initial[0] != '\0' ? "`" : "";
        (void)fprintf(out, "| `%s` | %s%s%s | %s | %s |\n", row->key, tick,
                      tick[0] != '\0' ? row->initial : "(empty)", tick, row->values, row->doc);
    }
    return ferror(out) != 0 ? -EIO : 0;
}
