/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/lock_json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A lock is an object with a list of objects with strings: cJSON, which recurses, never sees more than that.
 */
#define DEPTH_MAX  3
#define STRING_MAX 4096

static const struct {
    const char *key;
    size_t offset;
} fields[] = {
    {"repository", offsetof(struct hg_lock_entry, repository)},
    {"revision", offsetof(struct hg_lock_entry, revision)},
    {"file", offsetof(struct hg_lock_entry, file)},
    {"who", offsetof(struct hg_lock_entry, who)},
    {"when", offsetof(struct hg_lock_entry, when)},
    {"why", offsetof(struct hg_lock_entry, why)},
};
#define FIELD_COUNT (sizeof fields / sizeof fields[0])

static char **field_of(struct hg_lock_entry *entry, size_t i)
{
    return (char **)(void *)((char *)entry + fields[i].offset);
}

static const char *field_text(const struct hg_lock_entry *entry, size_t i)
{
    return *(char *const *)(const void *)((const char *)entry + fields[i].offset);
}

/* --- what an entry may hold
 * ----------------------------------------------------------------------------------- */

/* Length of the UTF-8 character at `s`, 0 when it is none (overlong forms and surrogates are none). */
static size_t utf8_length(const unsigned char *s)
{
    static const struct {
        unsigned char low, high, second_low, second_high, length;
    } forms[] = {{0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
                 {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
                 {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (s[0] < forms[i].low || s[0] > forms[i].high)
            continue;
        if (forms[i].length > 1 && (s[1] < forms[i].second_low || s[1] > forms[i].second_high))
            return 0;
        for (size_t k = 2; k < forms[i].length; k++)
            if (s[k] < 0x80 || s[k] > 0xbf)
                return 0;
        return forms[i].length;
    }
    return 0;
}

/* These strings end up on terminals and in diffs. */
static bool is_plain_text(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    if (strlen(text) > STRING_MAX)
        return false;
    while (*s != '\0') {
        size_t n = utf8_length(s);
        if (n == 0 || *s < ' ' || *s == 0x7f || (n == 2 && s[0] == 0xc2 && s[1] < 0xa0))
            return false;
        s += n;
    }
    return true;
}

static bool is_digest(const char *text)
{
    return strlen(text) == HG_SHA256_HEX - 1 && strspn(text, "0123456789abcdef") == HG_SHA256_HEX - 1;
}

/* 2026-01-31T09:30:00Z */
static bool is_utc_time(const char *text)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    for (size_t i = 0; i < sizeof form; i++)
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return false;
    return true;
}

int hg_lock_json_check(const struct hg_lock_entry *entry, struct hg_error *err)
{
    if (!is_digest(entry->sha256))
        return hg_error_set(err, -EINVAL, "`sha256` is not 64 lower-case hex digits");
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const char *text = field_text(entry, i);
        if (text == NULL)
            return hg_error_set(err, -EINVAL, "`%s` is missing", fields[i].key);
        if (!is_plain_text(text))
            return hg_error_set(err, -EINVAL, "`%s` holds a control character, no UTF-8, or over %d bytes",
                                fields[i].key, STRING_MAX);
    }
    if (!is_utc_time(entry->when))
        return hg_error_set(err, -EINVAL, "`when` is no time like 2026-01-31T09:30:00Z");
    return 0;
}

/* --- reading
 * -------------------------------------------------------------------------------------------------- */

static int fail_at(const char *text, size_t size, size_t at, const char *name, const char *what,
                   struct hg_error *err)
{
    unsigned line = 1, column = 1;
    for (size_t i = 0; i < at && i < size; i++) {
        column++;
        if (text[i] == '\n') {
            line++;
            column = 1;
        }
    }
    return hg_error_set(err, -EINVAL, "%.300s:%u:%u: %s", name, line, column, what);
}

/* Before cJSON sees the text: nesting, and NUL, which it would take for the end of a string. */
static int check_shape(const char *text, size_t size, const char *name, struct hg_error *err)
{
    size_t depth = 0;
    bool string = false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '\0')
            return fail_at(text, size, i, name, "a NUL byte", err);
        if (string && c == '\\') {
            if (size - i > 5 && memcmp(text + i, "\\u0000", 6) == 0)
                return fail_at(text, size, i, name, "a NUL in a string", err);
            i++;
            if (i < size && text[i] == '\0')
                return fail_at(text, size, i, name, "a NUL byte", err);
        } else if (c == '"') {
            string = !string;
        } else if (!string && (c == '{' || c == '[')) {
            if (++depth > DEPTH_MAX)
                return fail_at(text, size, i, name, "nested too deeply for a lock file", err);
        } else if (!string && (c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return 0;
}

static int set_field(struct hg_lock_entry *entry, const cJSON *item, bool *has_digest, struct hg_error *why)
{
    if (!cJSON_IsString(item) || item->valuestring == NULL)
        return hg_error_set(why, -EINVAL, "`%.60s` is not a string", item->string);
    if (strcmp(item->string, "sha256") == 0) {
        if (*has_digest)
            return hg_error_set(why, -EINVAL, "`sha256` stands there twice");
        *has_digest = true;
        if (!is_digest(item->valuestring))
            return hg_error_set(why, -EINVAL, "`sha256` is not 64 lower-case hex digits");
        memcpy(entry->sha256, item->valuestring, HG_SHA256_HEX);
        return 0;
    }
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (strcmp(item->string, fields[i].key) != 0)
            continue;
        if (*field_of(entry, i) != NULL)
            return hg_error_set(why, -EINVAL, "`%s` stands there twice", item->string);
        *field_of(entry, i) = item->valuestring;
        return 0;
    }
    return hg_error_set(why, -EINVAL, "unknown key `%.60s`", item->string);
}

/* `entry` borrows the strings of `object`. */
static int read_entry(const cJSON *object, struct hg_lock_entry *entry, struct hg_error *why)
{
    bool has_digest = false;
    memset(entry, 0, sizeof *entry);
    if (!cJSON_IsObject(object))
        return hg_error_set(why, -EINVAL, "is not an object");
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        int rc = set_field(entry, item, &has_digest, why);
        if (rc < 0)
            return rc;
    }
    return hg_lock_json_check(entry, why);
}

static int read_list(const cJSON *list, const char *name, int (*each)(void *, const struct hg_lock_entry *),
                     void *ctx, struct hg_error *err)
{
    size_t number = 0;
    if (!cJSON_IsArray(list))
        return hg_error_set(err, -EINVAL, "%.300s: `approved` is not a list", name);
    for (const cJSON *item = list->child; item != NULL; item = item->next) {
        struct hg_lock_entry entry;
        struct hg_error why = {""};
        number++;
        int rc = read_entry(item, &entry, &why);
        if (rc < 0)
            return hg_error_set(err, rc, "%.250s: entry %zu of `approved`: %.150s", name, number, why.text);
        rc = each(ctx, &entry);
        if (rc < 0)
            return hg_error_set(err, rc, "%.300s: %s", name, strerror(-rc));
    }
    return 0;
}

static int read_document(const cJSON *root, const char *name,
                         int (*each)(void *, const struct hg_lock_entry *), void *ctx, struct hg_error *err)
{
    const cJSON *version = NULL, *list = NULL;
    if (!cJSON_IsObject(root))
        return hg_error_set(err, -EINVAL, "%.300s: is not a JSON object", name);
    for (const cJSON *item = root->child; item != NULL; item = item->next) {
        const cJSON **place = strcmp(item->string, "version") == 0    ? &version
                              : strcmp(item->string, "approved") == 0 ? &list
                                                                      : NULL;
        if (place == NULL)
            return hg_error_set(err, -EINVAL, "%.300s: unknown key `%.60s`", name, item->string);
        if (*place != NULL)
            return hg_error_set(err, -EINVAL, "%.300s: `%s` stands there twice", name, item->string);
        *place = item;
    }
    if (version == NULL || list == NULL)
        return hg_error_set(err, -EINVAL, "%.300s: `%s` is missing", name,
                            version == NULL ? "version" : "approved");
    if (!cJSON_IsNumber(version) || version->valuedouble < HG_LOCK_VERSION ||
        version->valuedouble > HG_LOCK_VERSION)
        return hg_error_set(err, -EINVAL, "%.300s: this hubguard knows version %d of the lock file only",
                            name, HG_LOCK_VERSION);
    return read_list(list, name, each, ctx, err);
}

int hg_lock_json_parse(const char *text, size_t size, const char *name,
                       int (*each)(void *ctx, const struct hg_lock_entry *entry), void *ctx,
                       struct hg_error *err)
{
    const char *end = text;
    int rc = check_shape(text, size, name, err);
    if (rc < 0)
        return rc;
    cJSON *root = cJSON_ParseWithLengthOpts(text, size, &end, false);
    if (root == NULL)
        return fail_at(text, size, (size_t)(end - text), name, "not valid JSON", err);
    while (end < text + size && strchr(" \t\r\n", *end) != NULL)
        end++;
    if (end < text + size)
        rc = fail_at(text, size, (size_t)(end - text), name, "text behind the end of the JSON object", err);
    if (rc == 0)
        rc = read_document(root, name, each, ctx, err);
    cJSON_Delete(root);
    return rc;
}

/* --- writing
 * -------------------------------------------------------------------------------------------------- */

/* hg_lock_json_check let no control character in. */
static void write_string(const char *text, FILE *out)
{
    (void)fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            (void)fputc('\\', out);
        (void)fputc(*text, out);
    }
    (void)fputc('"', out);
}

int hg_lock_json_write(const struct hg_lock *lock, FILE *out)
{
    (void)fprintf(out, "{\n  \"version\": %d,\n  \"approved\": [", HG_LOCK_VERSION);
    const struct hg_lock_entry *entry;
    for (size_t i = 0; (entry = hg_lock_at(lock, i)) != NULL; i++) {
        (void)fprintf(out, "%s\n    {\n      \"sha256\": \"%s\"", i > 0 ? "," : "", entry->sha256);
        for (size_t k = 0; k < FIELD_COUNT; k++) {
            (void)fprintf(out, ",\n      \"%s\": ", fields[k].key);
            write_string(field_text(entry, k), out);
        }
        (void)fputs("\n    }", out);
    }
    (void)fputs(hg_lock_count(lock) > 0 ? "\n  ]\n}\n" : "]\n}\n", out);
    return ferror(out) != 0 ? -EIO : 0;
}
