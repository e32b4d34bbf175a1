/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/table.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "shim/roots.h"

static const struct hg_choice modes[] = {
    {"enforce", HG_MODE_ENFORCE}, {"observe", HG_MODE_OBSERVE}, {NULL, 0}};
static const struct hg_choice block_allow[] = {{"block", 0}, {"allow", 1}, {NULL, 0}};
static const struct hg_choice yes_no[] = {{"yes", 1}, {"no", 0}, {NULL, 0}};
static const struct hg_choice bases[] = {{"default", 0}, {"strict", 1}, {NULL, 0}};
static const struct hg_choice bytecodes[] = {
    {"ignore", HG_BYTECODE_IGNORE}, {"block", HG_BYTECODE_BLOCK}, {"allow", HG_BYTECODE_ALLOW}, {NULL, 0}};
static const struct hg_choice levels[] = {{"critical", HG_SEV_CRITICAL}, {"high", HG_SEV_HIGH},
                                          {"medium", HG_SEV_MEDIUM},     {"low", HG_SEV_LOW},
                                          {"never", HG_SEV_NONE},        {NULL, 0}};

#define KEYS                                                                                                 \
    "~/.ssh ~/.aws ~/.azure ~/.gnupg ~/.kube ~/.docker ~/.config/gcloud ~/.config/gh ~/.netrc "              \
    "~/.git-credentials "                                                                                    \
    "~/.npmrc ~/.pypirc ~/.password-store ~/.local/share/keyrings"
#define AT(field) offsetof(struct hg_policy, field)

const struct hg_row hg_rows[] = {
    {"guard", "mode", HG_VALUE_ENUM, AT(mode), "enforce", modes, .values = "`enforce`, `observe`",
     .doc = "`observe` lets everything pass and reports what would have been refused."},
    {"guard", "on_error", HG_VALUE_FLAG, AT(on_error_allow), "block", block_allow,
     .values = "`block`, `allow`",
     .doc = "What happens to a remote file that could not be judged (a guard that does not start, a scan "
            "that fails)."},
    {"guard", "report", HG_VALUE_PATH, AT(report), "", .start_dir = true, .values = "PATH",
     .doc = "File that the events are appended to, one JSON object a line. Empty: no report."},
    {"guard", "banner", HG_VALUE_FLAG, AT(banner), "yes", yes_no, .values = "`yes`, `no`",
     .doc = "Print what was blocked, and warnings, on standard error."},

    {"roots", "auto", HG_VALUE_FLAG, AT(roots_auto), "yes", yes_no, .values = "`yes`, `no`",
     .doc = "Guard the caches that the loaders find in the environment."},
    {"roots", "extra", HG_VALUE_COLONS, AT(roots_extra), "", .judge = hg_word_path, .values = "PATH[:PATH…]",
     .doc = "More directories to guard."},
    {"roots", "exclude", HG_VALUE_COLONS, AT(roots_exclude), "", .judge = hg_word_path,
     .values = "PATH[:PATH…]", .doc = "Directories below a guarded root that are not guarded."},

    {"scan", "block_at", HG_VALUE_ENUM, AT(block_at), "high", levels,
     .values = "`critical`, `high`, `medium`, `low`, `never`",
     .doc = "Findings of this severity or above block a file."},
    {"scan", "warn_at", HG_VALUE_ENUM, AT(warn_at), "medium", levels,
     .values = "`critical`, `high`, `medium`, `low`, `never`",
     .doc = "Findings of this severity or above are shown."},
    {"scan", "bytecode", HG_VALUE_ENUM, AT(bytecode), "ignore", bytecodes,
     .values = "`ignore`, `block`, `allow`",
     .doc = "Compiled Python in `__pycache__`: `ignore` makes Python compile the scanned source instead."},
    {"scan", "native", HG_VALUE_FLAG, AT(native_allow), "block", block_allow, .values = "`block`, `allow`",
     .doc = "Compiled extensions, which no source rule can judge."},
    {"scan", "max_size", HG_VALUE_SIZE, AT(max_size), "8M", .values = "1 to 1G, with k, M or G",
     .doc = "A file that is larger is blocked, never skipped."},
    {"scan", "timeout", HG_VALUE_DURATION, AT(timeout_ms), "5s", .values = "1ms to 10m, with ms, s or m",
     .doc = "A file whose scan takes longer is blocked."},
    {"scan", "rules", HG_VALUE_PATH, AT(rules), "", .values = "DIRECTORY, absolute or `~/…`",
     .doc = "More rules, added to the built-in ones."},

    {"lock", "file", HG_VALUE_PATH, AT(lock_file), "hubguard.lock", .start_dir = true, .values = "PATH",
     .doc = "The approvals. A relative path is taken from the directory in which the command starts."},
    {"lock", "require", HG_VALUE_FLAG, AT(lock_require), "no", yes_no, .values = "`yes`, `no`",
     .doc = "With `yes` only approved bytes run, whatever the scan says."},

    {"exec", "allow", HG_VALUE_WORDS, AT(exec_allow), "python", .judge = hg_word_exec, .alone = "none",
     .values = "`none`, or any of `python`, PATH…",
     .doc = "Programs that may be started after the first remote statement."},

    {"net", "allow", HG_VALUE_WORDS, AT(net_allow), "hub", .judge = hg_word_net, .alone = "none any",
     .values = "`none`, `any`, or any of `hub`, HOST[:PORT], *.DOMAIN[:PORT], CIDR[:PORT]",
     .doc = "Where connections may go. `hub`: the endpoints of the loaders found."},

    {"fs", "write", HG_VALUE_WORDS, AT(fs_write), "cwd tmp cache", .judge = hg_word_write,
     .values = "any of `cwd`, `tmp`, `cache`, PATH…", .doc = "Where files may be written. Empty: nowhere."},
    {"fs", "read", HG_VALUE_WORDS, AT(fs_read), "any", .judge = hg_word_read, .alone = "any",
     .values = "`any`, or PATH…", .doc = "Where files may be read."},
    {"fs", "deny_read", HG_VALUE_WORDS, AT(fs_deny_read), KEYS, .judge = hg_word_path, .values = "PATH…",
     .doc = "What may not be read all the same: the places where keys live."},

    {"syscalls", "base", HG_VALUE_FLAG, AT(syscalls_strict), "default", bases,
     .values = "`default`, `strict`", .doc = "The set of system calls to begin with."},
    {"syscalls", "deny", HG_VALUE_WORDS, AT(syscalls_deny), "", .judge = hg_word_syscall_deny,
     .values = "@group or NAME…", .doc = "Refused on top of the base. Groups as in systemd.exec(5)."},
    {"syscalls", "allow", HG_VALUE_WORDS, AT(syscalls_allow), "", .judge = hg_word_syscall_allow,
     .values = "@group or NAME…", .doc = "Allowed although the base refuses it."},
};
const size_t hg_row_count = sizeof hg_rows / sizeof hg_rows[0];

/* --- names
 * --------------------------------------------------------------------------------------------------- */

const struct hg_row *hg_row_find(const char *section, const char *key)
{
    for (size_t i = 0; i < hg_row_count; i++)
        if (strcmp(hg_rows[i].section, section) == 0 && strcmp(hg_rows[i].key, key) == 0)
            return &hg_rows[i];
    return NULL;
}

bool hg_row_section(const char *section)
{
    for (size_t i = 0; i < hg_row_count; i++)
        if (strcmp(hg_rows[i].section, section) == 0)
            return true;
    return false;
}

static const char *section_name(const void *table, size_t i)
{
    return ((const struct hg_row *)table)[i].section;
}

static const char *key_name(const void *table, size_t i)
{
    return ((const struct hg_row *)table)[i].key;
}

/* Keys of one section stand side by side in the table. */
static const struct hg_row *section_rows(const char *section, size_t *count)
{
    const struct hg_row *first = NULL;
    *count = 0;
    for (size_t i = 0; i < hg_row_count; i++) {
        if (strcmp(hg_rows[i].section, section) != 0)
            continue;
        if (first == NULL)
            first = &hg_rows[i];
        ++*count;
    }
    return first;
}

int hg_row_unknown(const char *section, const char *key, struct hg_error *err)
{
    size_t count;
    const struct hg_row *rows = section_rows(section, &count);
    if (rows == NULL) {
        const char *near = hg_nearest(section, section_name, hg_rows, hg_row_count);
        if (near != NULL)
            return hg_error_set(err, -EINVAL, "unknown section [%.60s]; did you mean [%s]?", section, near);
        return hg_error_set(err, -EINVAL, "unknown section [%.60s]", section);
    }
    const char *near = hg_nearest(key, key_name, rows, count);
    if (near != NULL)
        return hg_error_set(err, -EINVAL, "unknown key `%.60s` in [%s]; did you mean `%s`?", key, section,
                            near);
    for (size_t i = 0; i < hg_row_count; i++)
        if (strcmp(hg_rows[i].key, key) == 0)
            return hg_error_set(err, -EINVAL, "unknown key `%s` in [%s]; did you mean the one in [%s]?", key,
                                section, hg_rows[i].section);
    return hg_error_set(err, -EINVAL, "unknown key `%.60s` in [%s]", key, section);
}

/* --- values
 * -------------------------------------------------------------------------------------------------- */

static const char *choice_name(const void *table, size_t i)
{
    return ((const struct hg_choice *)table)[i].name;
}

static int set_choice(const struct hg_row *row, const char *text, void *field, struct hg_error *err)
{
    size_t count = 0;
    for (const struct hg_choice *c = row->choices; c->name != NULL; c++, count++) {
        if (strcmp(c->name, text) != 0)
            continue;
        if (row->type == HG_VALUE_FLAG)
            *(bool *)field = c->value != 0;
        else
            memcpy(field, &c->value, sizeof c->value);
        return 0;
    }
    const char *near = hg_nearest(text, choice_name, row->choices, count);
    if (near != NULL)
        return hg_error_set(err, -EINVAL, "`%.60s` is no value of `%s` in [%s] (%s); did you mean `%s`?",
                            text, row->key, row->section, row->values, near);
    return hg_error_set(err, -EINVAL, "`%.60s` is no value of `%s` in [%s] (%s)", text, row->key,
                        row->section, row->values);
}

static int set_path(const struct hg_row *row, const char *text, char **field, struct hg_error *err)
{
    struct hg_error why = {""};
    char clean[PATH_MAX];
    char *path = NULL;
    if (*text != '\0') {
        path = row->start_dir ? hg_home_expand(text) : strdup(text);
        if (path == NULL)
            return hg_error_set(err, -ENOMEM, "out of memory");
        int rc = row->start_dir ? hg_path_clean(path, NULL, clean, sizeof clean) : hg_word_path(&path, &why);
        if (row->start_dir) {
            free(path);
            path = rc < 0 ? NULL : strdup(clean);
            (void)hg_error_set(&why, rc, "cannot be made an absolute path: %s",
                               strerror(rc < 0 ? -rc : ENOMEM));
        }
        if (rc < 0 || path == NULL) {
            free(path);
            return hg_error_set(err, rc < 0 ? -EINVAL : -ENOMEM, "`%s` in [%s]: `%.100s` %s", row->key,
                                row->section, text, why.text);
        }
    }
    size_t n = path == NULL ? 0 : strlen(path);
    if (n != 0 && (path[n - 1] == ' ' ||
                   path[n - 1] == '\t')) { /* `policy show` could not write it so that it is read again */
        free(path);
        return hg_error_set(err, -EINVAL, "`%s` in [%s]: a path cannot end in a blank", row->key,
                            row->section);
    }
    free(*field);
    *field = path;
    return 0;
}

static bool is_alone_word(const char *alone, const char *word)
{
    size_t len = strlen(word);
    for (const char *s = alone; s != NULL && *s != '\0'; s += strcspn(s, " "), s += *s == ' ')
        if (strncmp(s, word, len) == 0 && (s[len] == ' ' || s[len] == '\0'))
            return true;
    return false;
}

static int set_words(const struct hg_row *row, const char *text, bool append, struct hg_words *field,
                     struct hg_error *err)
{
    struct hg_error why = {""};
    if (!append)
        hg_words_free(field);
    int rc = hg_words_parse(field, text, row->type == HG_VALUE_COLONS ? ':' : ' ', row->judge, &why);
    if (rc < 0)
        return hg_error_set(err, rc, "`%s` in [%s]: %s", row->key, row->section, why.text);
    for (size_t i = 0; field->count > 1 && i < field->count; i++)
        if (is_alone_word(row->alone, field->items[i]))
            return hg_error_set(err, -EINVAL, "`%s` in [%s]: `%s` must stand alone", row->key, row->section,
                                field->items[i]);
    return 0;
}

static int set_number(const struct hg_row *row, const char *text, void *field, struct hg_error *err)
{
    struct hg_error why = {""};
    int rc =
        row->type == HG_VALUE_SIZE ? hg_size_parse(text, field, &why) : hg_duration_parse(text, field, &why);
    if (rc < 0)
        return hg_error_set(err, rc, "`%s` in [%s]: `%.60s` %s", row->key, row->section, text, why.text);
    return 0;
}

int hg_row_set(struct hg_policy *policy, const struct hg_row *row, const char *text, bool append,
               struct hg_error *err)
{
    void *field = (char *)policy + row->offset;
    switch (row->type) {
    case HG_VALUE_FLAG:
    case HG_VALUE_ENUM:
        return set_choice(row, text, field, err);
    case HG_VALUE_SIZE:
    case HG_VALUE_DURATION:
        return set_number(row, text, field, err);
    case HG_VALUE_PATH:
        return set_path(row, text, field, err);
    case HG_VALUE_WORDS:
    case HG_VALUE_COLONS:
        return set_words(row, text, append, field, err);
    }
    return -EINVAL;
}

void hg_row_clear(struct hg_policy *policy, const struct hg_row *row)
{
    void *field = (char *)policy + row->offset;
    if (row->type == HG_VALUE_PATH)
        free(*(char **)field);
    else if (row->type == HG_VALUE_WORDS || row->type == HG_VALUE_COLONS)
        hg_words_free(field);
}
