/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the parts together: what kind of file it is, and who reads it. */
#include "scanner/engine.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "scanner/auto_map.h"
#include "scanner/engine_rules.h"
#include "scanner/formats.h"
#include "scanner/rules_blob.h"
#include "scanner/sha256.h"
#include "scanner/smell.h"
#include "scanner/yara_pack.h"

/* Raise with every change of what the engine finds: verdicts cached under the old one no longer count. */
#define ENGINE_REVISION "1"
#define RULE_FILE_MAX   ((size_t)4 << 20)

struct hg_engine {
    struct hg_yara *yara;
    struct hg_smell_rules *smells;
    char ruleset[65];
};

/* --- loading --- */

static void digest_file(struct hg_sha256 *digest, const char *name, const char *text, size_t size)
{
    char head[96];
    int n = snprintf(head, sizeof head, "%.60s %zu\n", name, size);
    hg_sha256_add(digest, head, (size_t)n);
    hg_sha256_add(digest, text, size);
}

static int load_embedded(struct hg_engine *e, struct hg_sha256 *digest, struct hg_error *err)
{
    struct hg_rules_entry entry;
    size_t cursor = 0;
    int more;
    while ((more = hg_rules_blob_next(&cursor, &entry)) == 1) {
        int rc = 0;
        digest_file(digest, entry.name, entry.text, entry.size);
        if (hg_rules_entry_is(&entry, ".ini"))
            rc = hg_smell_rules_add(e->smells, entry.text, entry.size, entry.name, err);
        if (rc != 0)
            return rc;
    }
    return more == 0 ? 0 : hg_error_set(err, more, "the built-in rules are damaged: build hubguard again");
}

static int read_file(const char *path, char **text, size_t *size, struct hg_error *err)
{
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return hg_error_set(err, -errno, "%s: %s", path, strerror(errno));
    char *buffer = malloc(RULE_FILE_MAX + 1);
    size_t n = buffer == NULL ? 0 : fread(buffer, 1, RULE_FILE_MAX + 1, f);
    int bad = ferror(f);
    fclose(f);
    if (buffer == NULL)
        return -ENOMEM;
    if (bad != 0 || n > RULE_FILE_MAX) {
        free(buffer);
        return hg_error_set(err, -EINVAL, "%s: cannot be read, or larger than 4 MiB", path);
    }
    *text = buffer;
    *size = n;
    return 0;
}

static int is_rule_file(const struct dirent *d)
{
    const char *dot = strrchr(d->d_name, '.');
    return dot != NULL && d->d_name[0] != '.' && (strcmp(dot, ".ini") == 0 || strcmp(dot, ".yar") == 0);
}

static int load_extra(struct hg_engine *e, const char *folder, struct hg_sha256 *digest, struct hg_error *err)
{
    struct dirent **files = NULL;
    int count = scandir(folder, &files, is_rule_file, alphasort), rc = 0;
    if (count < 0)
        return hg_error_set(err, -EINVAL, "rules folder %s: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        char *path = NULL, *text = NULL;
        size_t size = 0;
        if (rc == 0 && asprintf(&path, "%s/%s", folder, files[i]->d_name) < 0)
            rc = -ENOMEM;
        if (rc == 0)
            rc = read_file(path, &text, &size, err);
        if (rc == 0)
            digest_file(digest, files[i]->d_name, text, size);
        if (rc == 0 && strcmp(strrchr(files[i]->d_name, '.'), ".ini") == 0)
            rc = hg_smell_rules_add(e->smells, text, size, path, err);
        free(text);
        free(path);
        free(files[i]);
    }
    free(files);
    return rc;
}

static int load_all(struct hg_engine *e, const char *extra, struct hg_sha256 *digest, struct hg_error *err)
{
    static const char version[] = HG_VERSION " engine " ENGINE_REVISION "\n";
    hg_sha256_add(digest, version, sizeof version - 1);
    int rc = load_embedded(e, digest, err);
    if (rc == 0 && extra != NULL)
        rc = load_extra(e, extra, digest, err);
    return rc;
}

int hg_engine_new(const struct hg_engine_options *options, struct hg_engine **out, struct hg_error *err)
{
    const char *extra = options == NULL ? NULL : options->extra_rules;
    struct hg_engine *e = calloc(1, sizeof *e);
    struct hg_sha256 *digest = hg_sha256_new();
    int rc = e == NULL || digest == NULL ? -ENOMEM : hg_smell_rules_new(&e->smells);
    if (rc == 0)
        rc = load_all(e, extra, digest, err);
    if (rc == 0)
        rc = hg_yara_new(extra, &e->yara, err);
    hg_sha256_end(digest, rc == 0 ? e->ruleset : NULL);
    if (rc != 0) {
        if (rc == -ENOMEM)
            hg_error_set(err, rc, "out of memory while loading rules");
        hg_engine_free(e);
        return rc == -ENOMEM ? rc : -EINVAL;
    }
    *out = e;
    return 0;
}

void hg_engine_free(struct hg_engine *e)
{
    if (e == NULL)
        return;
    hg_yara_free(e->yara);
    hg_smell_rules_free(e->smells);
    free(e);
}

const char *hg_engine_ruleset(const struct hg_engine *e)
{
    return e->ruleset;
}

/* --- what a file is --- */

static const struct {
    const char *suffix;
    enum hg_scan_kind kind;
} suffixes[] = {{".py", HG_KIND_SOURCE},    {".pyw", HG_KIND_SOURCE},   {".pyi", HG_KIND_SOURCE},
                {".pyc", HG_KIND_BYTECODE}, {".pyo", HG_KIND_BYTECODE}, {".zip", HG_KIND_ARCHIVE},
                {".whl", HG_KIND_ARCHIVE},  {".egg", HG_KIND_ARCHIVE},  {".pyz", HG_KIND_ARCHIVE},
                {".pyzw", HG_KIND_ARCHIVE}, {".so", HG_KIND_NATIVE},    {".pyd", HG_KIND_NATIVE}};

static enum hg_scan_kind kind_of_name(const char *name)
{
    const char *base = name == NULL ? "" : strrchr(name, '/') == NULL ? name : strrchr(name, '/') + 1;
    const char *dot = strrchr(base, '.');
    for (size_t i = 0; dot != NULL && i < sizeof suffixes / sizeof *suffixes; i++) {
        if (strcasecmp(dot, suffixes[i].suffix) == 0)
            return suffixes[i].kind;
    }
    return dot == NULL || dot == base ? HG_KIND_AUTO : HG_KIND_OTHER;
}

static int is_python_script(const uint8_t *bytes, size_t size)
{
    const uint8_t *end = size == 0 ? NULL : memchr(bytes, '\n', size < 128 ? size : 128);
    return end != NULL && bytes[0] == '#' && size > 1 && bytes[1] == '!' &&
           memmem(bytes, (size_t)(end - bytes), "python", 6) != NULL;
}

/* Content first: what runs a file looks at its magic, whatever its name says. A zip is an archive only under
 * a name that Python would put on its path: weights are zips as well. */
static enum hg_scan_kind kind_of(const struct hg_scan_input *in)
{
    enum hg_scan_kind named = kind_of_name(in->name);
    if (hg_native_is(in->bytes, in->size))
        return HG_KIND_NATIVE;
    if (named != HG_KIND_SOURCE && hg_bytecode_is(in->bytes, in->size))
        return HG_KIND_BYTECODE;
    if (named == HG_KIND_AUTO && hg_archive_is(in->bytes, in->size))
        return HG_KIND_ARCHIVE;
    if (named == HG_KIND_AUTO && is_python_script(in->bytes, in->size))
        return HG_KIND_SOURCE;
    if (named == HG_KIND_AUTO && memchr(in->bytes, 0, in->size) != NULL)
        return HG_KIND_OTHER;
    return named;
}

/* --- scanning --- */

struct layer_context {
    struct hg_engine *engine;
    struct hg_findings *out;
};

static int scan_layer(void *context, const uint8_t *bytes, size_t size, const char *layers, uint32_t line)
{
    struct layer_context *c = context;
    struct hg_findings found = {0};
    int rc = hg_yara_scan(c->engine->yara, bytes, size, &found);
    for (size_t i = 0; rc == 0 && i < found.count; i++) {
        struct hg_finding f = found.items[i];
        f.layers = (char *)(uintptr_t)layers;
        f.line = line;
        f.column = 0;
        rc = hg_findings_add(c->out, &f);
    }
    hg_findings_clear(&found);
    return rc;
}

/* A text that nothing calls Python (kind still AUTO: a licence, a README, Python without a suffix) may fail
 * to parse. */
static int scan_python(struct hg_engine *e, const struct hg_scan_input *in, struct hg_findings *out)
{
    struct layer_context context = {e, out};
    struct hg_smell_options options = {
        .on_layer = scan_layer, .context = &context, .lenient = in->kind == HG_KIND_AUTO};
    enum hg_scan_kind kind = in->kind == HG_KIND_AUTO ? HG_KIND_SOURCE : in->kind;
    return hg_smell_scan(e->smells, in->bytes, in->size, kind, &options, out);
}

int hg_engine_scan(struct hg_engine *e, const struct hg_scan_input *input, struct hg_findings *out)
{
    struct hg_scan_input in = *input;
    if (in.bytes == NULL)
        in.bytes = (const uint8_t *)"";
    if (in.kind == HG_KIND_AUTO)
        in.kind = kind_of(&in);
    else if (in.kind == HG_KIND_SOURCE && kind_of_name(in.name) != HG_KIND_SOURCE &&
             hg_bytecode_is(in.bytes, in.size))
        in.kind = HG_KIND_BYTECODE;
    int rc = hg_yara_scan(e->yara, in.bytes, in.size, out);
    if (rc == 0 && (in.kind == HG_KIND_SOURCE || in.kind == HG_KIND_TEXT || in.kind == HG_KIND_AUTO))
        rc = scan_python(e, &in, out);
    else if (rc == 0 && in.kind == HG_KIND_BYTECODE)
        rc = hg_bytecode_scan(&in, out);
    else if (rc == 0 && in.kind == HG_KIND_NATIVE)
        rc = hg_native_scan(&in, out);
    else if (rc == 0 && in.kind == HG_KIND_ARCHIVE)
        rc = hg_archive_scan(e, &in, out);
    else if (rc == 0 && in.kind == HG_KIND_CONFIG)
        rc = hg_auto_map_scan(&in, out);
    hg_findings_sort(out);
    return rc;
}

const struct hg_rule_info *hg_engine_rule(const struct hg_engine *e, size_t index)
{
    size_t count;
    const struct hg_rule_info *info;
    for (size_t i = 0; (info = hg_smell_rule(e->smells, i)) != NULL; i++) {
        if (index-- == 0)
            return info;
    }
    for (size_t i = 0; (info = hg_yara_rule(e->yara, i)) != NULL; i++) {
        if (index-- == 0)
            return info;
    }
    for (size_t i = 0; (info = hg_engine_rule_info(i)) != NULL; i++) {
        if (index-- == 0)
            return info;
    }
    info = hg_archive_rules(&count);
    if (index < count)
        return &info[index];
    index -= count;
    info = hg_native_rules(&count);
    if (index < count)
        return &info[index];
    index -= count;
    info = hg_auto_map_rules(&count);
    return index < count ? &info[index] : NULL;
}
