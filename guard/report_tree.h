/* SPDX-License-Identifier: Apache-2.0 */
/* Building a JSON tree without checking every call: the first failure is remembered and told at the end. */
#ifndef HUBGUARD_GUARD_REPORT_TREE_H
#define HUBGUARD_GUARD_REPORT_TREE_H

#include <cjson/cJSON.h>
#include <stdio.h>

struct hg_tree {
    int failed; /* out of memory */
};

/* Into an object under `key`, or into an array when key is NULL. Takes `child` over, also when it fails. */
void hg_tree_put(struct hg_tree *t, cJSON *parent, const char *key, cJSON *child);
/* The new node, owned by its parent; NULL after a failure, which every function here accepts as a parent. */
cJSON *hg_tree_object(struct hg_tree *t, cJSON *parent, const char *key);
cJSON *hg_tree_array(struct hg_tree *t, cJSON *parent, const char *key);
/* Bytes that are not UTF-8 are written as \xNN. */
void hg_tree_string(struct hg_tree *t, cJSON *parent, const char *key, const char *text);
void hg_tree_number(struct hg_tree *t, cJSON *parent, const char *key, double value);
cJSON *hg_tree_text(const char *text); /* a string node, NULL when out of memory */
/* Print to `out` and free `root`. 0, -ENOMEM, -EIO. */
int hg_tree_write(struct hg_tree *t, cJSON *root, FILE *out);

#endif
