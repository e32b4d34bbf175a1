/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/values.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- nearest name
 * -------------------------------------------------------------------------------------------- */

#define NEAR_MAX 40

/* Edit distance with swaps of neighbours; both texts at most NEAR_MAX. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
    size_t d[NEAR_MAX + 1][NEAR_MAX + 1];
    for (size_t i = 0; i <= na; i++)
        d[i][0] = i;
    for (size_t j = 0; j <= nb; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= na; i++) {
        for (size_t j = 1; j <= nb; j++) {
            size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (d[i - 1][j] + 1 < best)
                best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best)
                best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    }
    return d[na][nb];
}

const char *hg_nearest(const char *text, const char *(*name)(const void *table, size_t i), const void *table,
                       size_t count)
{
    const char *best = NULL;
    size_t len = strlen(text), best_distance = len / 3 + 2;
    if (len == 0 || len > NEAR_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const char *candidate = name(table, i);
        size_t n = candidate != NULL ? strlen(candidate) : 0;
        if (n == 0 || n > NEAR_MAX)
            continue;
        size_t d = distance(text, len, candidate, n);
        if (d < best_distance && d < n) {
            best = candidate;
            best_distance = d;
        }
    }
    return best;
}

/* --- numbers
 * ------------------------------------------------------------------------------------------------- */

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit size_units[] = {
    {"G", 1u << 30}, {"M", 1u << 20}, {"k", 1u << 10}, {"K", 1u << 10}, {"", 1}};
static const struct unit duration_units[] = {{"m", 60000}, {"s", 1000}, {"ms", 1}};

static bool parse_unit(const char *text, const struct unit *units, size_t count, uint64_t max, uint64_t *out)
{
    uint64_t n = 0;
    const char *s = text;
    for (; *s >= '0' && *s <= '9'; s++) {
        if (n > max)
            return false;
        n = n * 10 + (uint64_t)(*s - '0');
    }
    if (s == text || n == 0 || n > max)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(s, units[i].name) == 0 && n <= max / units[i].factor) {
            *out = n * units[i].factor;
            return true;
        }
    }
    return false;
}

/* A sealed copy of the file is held in memory: past this a limit would be none. */
#define SIZE_MAX_ALLOWED (1ull << 30)
#define DURATION_MAX_MS  600000u

int hg_size_parse(const char *text, uint64_t *out, struct hg_error *err)
{
    if (!parse_unit(text, size_units, sizeof size_units / sizeof size_units[0], SIZE_MAX_ALLOWED, out))
        return hg_error_set(err, -EINVAL, "is no size from 1 to 1G (write 500k, 8M)");
    return 0;
}

int hg_duration_parse(const char *text, uint32_t *out, struct hg_error *err)
{
    uint64_t ms;
    if (!parse_unit(text, duration_units, sizeof duration_units / sizeof duration_units[0], DURATION_MAX_MS,
                    &ms))
        return hg_error_set(err, -EINVAL, "is no time from 1ms to 10m (write 500ms, 5s)");
    *out = (uint32_t)ms;
    return 0;
}

static void format_unit(uint64_t value, const struct unit *units, size_t count, char *out, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        if (value % units[i].factor == 0) {
            (void)snprintf(out, size, "%llu%s", (unsigned long long)(value / units[i].factor), units[i].name);
            return;
        }
    }
}

void hg_size_format(uint64_t value, char *out, size_t size)
{
    format_unit(value, size_units, sizeof size_units / sizeof size_units[0], out, size);
}

void hg_duration_format(uint32_t value, char *out, size_t size)
{
    format_unit(value, duration_units + 1, 2, out, size); /* 60s reads better than 1m */
}

/* --- lists
 * --------------------------------------------------------------------------------------------------- */

char *hg_home_expand(const char *text)
{
    char *out = NULL;
    if (text[0] != '~' || (text[1] != '\0' && text[1] != '/'))
        return strdup(text);
    const char *home = getenv("HOME");
    if (home == NULL || home[0] != '/') {
        const struct passwd *pw = getpwuid(getuid());
        home = pw != NULL ? pw->pw_dir : NULL;
    }
    if (home == NULL || home[0] != '/')
        return strdup(text);
    size_t len = strlen(home);
    while (len > 0 && home[len - 1] == '/')
        len--;
    if (asprintf(&out, "%.*s%s", (int)len, home, len == 0 && text[1] == '\0' ? "/" : text + 1) < 0)
        return NULL;
    return out;
}

static int words_add(struct hg_words *list, char *word)
{
    char **items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (items == NULL)
        return -ENOMEM;
    list->items = items;
    items[list->count++] = word;
    return 0;
}

void hg_words_free(struct hg_words *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct hg_words){0};
}

static bool is_separator(char c, char separator)
{
    return c == ' ' || c == '\t' || (separator == ':' && c == ':');
}

static int add_judged(struct hg_words *list, const char *text, size_t len, hg_word_fn *judge,
                      struct hg_error *err)
{
    struct hg_error why = {""};
    char *word = strndup(text, len);
    if (word == NULL)
        return hg_error_set(err, -ENOMEM, "out of memory");
    int rc = judge(&word, &why);
    if (rc < 0)
        (void)hg_error_set(err, rc, "`%.*s` %s", len > 100 ? 100 : (int)len, text, why.text);
    for (size_t i = 0; rc == 0 && i < list->count; i++)
        if (strcmp(list->items[i], word) == 0)
            rc = hg_error_set(err, -EINVAL, "`%s` stands there twice", word);
    if (rc == 0) {
        rc = words_add(list, word);
        if (rc < 0)
            (void)hg_error_set(err, rc, "out of memory");
    }
    if (rc < 0)
        free(word);
    return rc;
}

int hg_words_parse(struct hg_words *list, const char *text, char separator, hg_word_fn *judge,
                   struct hg_error *err)
{
    const char *s = text;
    for (;;) {
        while (is_separator(*s, separator))
            s++;
        if (*s == '\0')
            return 0;
        const char *start = s;
        if (*s == '"') {
            start++;
            s = strchr(start, '"');
            if (s == NULL || (s[1] != '\0' && !is_separator(s[1], separator)))
                return hg_error_set(err, -EINVAL, "a word that begins with `\"` must end with one");
        } else {
            while (*s != '\0' && !is_separator(*s, separator))
                s++;
        }
        if (s > start) {
            int rc = add_judged(list, start, (size_t)(s - start), judge, err);
            if (rc < 0)
                return rc;
        }
        if (*s == '"')
            s++;
    }
}
