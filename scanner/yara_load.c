/* SPDX-License-Identifier: Apache-2.0 */
/* Rules from the program itself and from a folder. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yara.h>

#include "scanner/rules_blob.h"
#include "scanner/yara_internal.h"

#define RULE_FILE_MAX (4u << 20)

/* --- reading the rule files
 * ---------------------------------------------------------------------------------- */

static int add_source(struct hg_yara_loader *l, const char *path, const char *text, size_t size)
{
    if (l->count == HG_YARA_SOURCES_MAX)
        return hg_error_set(l->err, -EINVAL, "%s: more than %d rule files", path, HG_YARA_SOURCES_MAX);
    if (memchr(text, '\0', size) != NULL)
        return hg_error_set(l->err, -EINVAL, "%s: NUL byte in a rule file", path);
    struct hg_yara_source *s = &l->sources[l->count];
    s->path = strdup(path);
    s->text = strndup(text, size);
    l->count++;
    return s->path == NULL || s->text == NULL ? hg_error_set(l->err, -ENOMEM, "%s: out of memory", path) : 0;
}

static int add_builtin(struct hg_yara_loader *l)
{
    struct hg_rules_entry entry;
    size_t cursor = 0;
    int more, rc = 0;
    while (rc == 0 && (more = hg_rules_blob_next(&cursor, &entry)) != 0) {
        if (more < 0)
            return hg_error_set(l->err, more, "built-in rules are damaged: build again");
        if (hg_rules_entry_is(&entry, ".yar"))
            rc = add_source(l, entry.name, entry.text, entry.size);
    }
    return rc;
}

static int add_file(struct hg_yara_loader *l, const char *path)
{
    FILE *f = fopen(path, "re");
    struct stat st;
    if (f == NULL || fstat(fileno(f), &st) != 0) {
        int code = -errno;
        if (f != NULL)
            (void)fclose(f);
        return hg_error_set(l->err, code, "%s: %s", path, strerror(-code));
    }
    if (!S_ISREG(st.st_mode) || st.st_size > RULE_FILE_MAX) {
        (void)fclose(f);
        return hg_error_set(l->err, -EINVAL, "%s: not a rule file of at most %u bytes", path, RULE_FILE_MAX);
    }
    char *text = malloc((size_t)st.st_size + 1);
    int rc;
    if (text == NULL)
        rc = hg_error_set(l->err, -ENOMEM, "%s: out of memory", path);
    else if (fread(text, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
        rc = hg_error_set(l->err, -EIO, "%s: cannot be read", path);
    else
        rc = add_source(l, path, text, (size_t)st.st_size);
    free(text);
    (void)fclose(f);
    return rc;
}

static int is_rule_file(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return n > 4 && strcmp(e->d_name + n - 4, ".yar") == 0;
}

static int add_folder(struct hg_yara_loader *l, const char *dir)
{
    struct dirent **entries;
    int n = scandir(dir, &entries, is_rule_file, alphasort), rc = 0;
    if (n < 0) {
        int code = -errno;
        return hg_error_set(l->err, code, "%s: %s", dir, strerror(-code));
    }
    for (int i = 0; i < n; i++) {
        char *path = NULL;
        if (rc == 0 && asprintf(&path, "%s/%s", dir, entries[i]->d_name) < 0)
            rc = hg_error_set(l->err, -ENOMEM, "%s: out of memory", dir);
        if (rc == 0)
            rc = add_file(l, path);
        free(path);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

/* --- compiling
 * ----------------------------------------------------------------------------------------------- */

static void on_compile(int level, const char *file, int line, const YR_RULE *rule, const char *message,
                       void *arg)
{
    struct hg_yara_loader *l = arg;
    (void)file;
    (void)rule;
    if (level != YARA_ERROR_LEVEL_ERROR || l->failed)
        return;
    l->failed = 1;
    (void)hg_error_set(l->err, -EINVAL, "%s:%d: %s", l->sources[l->count - 1].path, line, message);
}

static int compile_all(struct hg_yara_loader *l, struct hg_yara_set *set)
{
    size_t total = l->count;
    int rc = 0;
    if (yr_compiler_create(&l->compiler) != ERROR_SUCCESS)
        return hg_error_set(l->err, -ENOMEM, "out of memory for rules");
    yr_compiler_set_callback(l->compiler, on_compile, l);
    yr_compiler_set_include_callback(l->compiler, NULL, NULL, NULL);
    for (l->count = 1; rc == 0 && l->count <= total; l->count++) {
        const struct hg_yara_source *s = &l->sources[l->count - 1];
        /* After an error the compiler must not be used again. */
        if (yr_compiler_add_string(l->compiler, s->text, s->path) != 0)
            rc = l->failed ? -EINVAL : hg_error_set(l->err, -EINVAL, "%s: does not compile", s->path);
    }
    l->count = total;
    if (rc == 0 && yr_compiler_get_rules(l->compiler, &set->rules) != ERROR_SUCCESS)
        rc = hg_error_set(l->err, -ENOMEM, "out of memory for rules");
    yr_compiler_destroy(l->compiler);
    return rc;
}

struct reader {
    const uint8_t *at;
    size_t left;
};

static size_t read_compiled(void *to, size_t size, size_t count, void *arg)
{
    struct reader *r = arg;
    if (size == 0 || count > r->left / size)
        return 0;
    memcpy(to, r->at, size * count);
    r->at += size * count;
    r->left -= size * count;
    return count;
}

int hg_yara_load_builtin(struct hg_yara_loader *l, const void *compiled, size_t size)
{
    struct hg_yara_set *set = &l->pack->sets[HG_YARA_BUILTIN];
    struct reader reader = {.at = compiled, .left = size};
    YR_STREAM stream = {.user_data = &reader, .read = read_compiled};
    if (yr_rules_load_stream(&stream, &set->rules) == ERROR_SUCCESS)
        return 0;
    set->rules = NULL;
    int rc = add_builtin(l);
    return rc != 0 ? rc : compile_all(l, set);
}

int hg_yara_load_folder(struct hg_yara_loader *l, const char *dir)
{
    hg_yara_load_end(l);
    int rc = add_folder(l, dir);
    return rc != 0 || l->count == 0 ? rc : compile_all(l, &l->pack->sets[HG_YARA_EXTRA]);
}

void hg_yara_load_end(struct hg_yara_loader *l)
{
    for (size_t i = 0; i < l->count; i++) {
        free(l->sources[i].path);
        free(l->sources[i].text);
    }
    l->count = 0;
}
