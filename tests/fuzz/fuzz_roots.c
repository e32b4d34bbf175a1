/* SPDX-License-Identifier: Apache-2.0 */
/* Any values in the environment and any path. Input: NUL-separated values of the variables below, then the
 * path. A root that was added must hold itself; a clean path is clean; the origin of any path is found
 * without harm. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/origin.h"
#include "shim/roots.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const variables[] = {"HOME",           "HF_HOME",    "HF_HUB_CACHE",   "HF_MODULES_CACHE",
                                        "XDG_CACHE_HOME", "TORCH_HOME", "HUBGUARD_ROOTS", "A"};
#define VARIABLES (sizeof variables / sizeof variables[0])

static const char *from_table(const char *name, void *ctx)
{
    const char *const *values = ctx;
    for (size_t i = 0; i < VARIABLES; i++)
        if (values[i] != NULL && strcmp(name, variables[i]) == 0)
            return values[i];
    return NULL;
}

static void check_clean(const char *path)
{
    if (path[0] != '/' || strstr(path, "//") != NULL || strstr(path, "/./") != NULL ||
        strstr(path, "/../") != NULL || (path[1] != '\0' && path[strlen(path) - 1] == '/'))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hg_roots roots;
    static struct hg_origin origin;
    const char *values[VARIABLES] = {NULL};
    char clean[PATH_MAX];
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    char *at = text;
    for (size_t i = 0; i < VARIABLES && at + strlen(at) < text + size; i++) {
        values[i] = *at == '\x01' ? NULL : at; /* \x01: not set */
        at += strlen(at) + 1;
    }
    memset(&roots, 0, sizeof roots);
    if (hg_roots_resolve(&roots, from_table, values) < 0 && !roots.overflow)
        abort();
    for (size_t i = 0; i < roots.count; i++) {
        const struct hg_root *found = hg_roots_match(&roots, roots.items[i].path);
        check_clean(roots.items[i].path);
        if (found == NULL || strcmp(found->path, roots.items[i].path) != 0)
            abort();
    }
    if (hg_path_clean(at, "/base", clean, sizeof clean) > 0) {
        check_clean(clean);
        const struct hg_root *root = hg_roots_match(&roots, clean);
        hg_origin_of(clean, NULL, root != NULL ? root->path : NULL, &origin);
        hg_origin_of(clean, clean, "/", &origin);
    }
    (void)hg_origin_blob_matches(at, data, size);
    free(text);
    return 0;
}
