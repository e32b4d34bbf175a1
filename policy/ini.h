/* SPDX-License-Identifier: Apache-2.0 */
/* inih with its silences taken away. inih cuts a long line in two, takes what follows a `]` for nothing,
 * never tells of a section without keys, and stops at a NUL; here each of those is an error with its line.
 * Internal to policy/. */
#ifndef HUBGUARD_POLICY_INI_H
#define HUBGUARD_POLICY_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "scanner/error.h"

struct hg_ini_item {
    const char *section, *key, *value; /* section is "" before the first; value without blanks around it */
    unsigned line;
    bool continued; /* an indented line: more of the key before it */
};

/* Both return 0 or a negative errno with err->text set (file and line are put in front of it). */
struct hg_ini_handler {
    int (*section)(void *ctx, const char *section, struct hg_error *err);
    int (*value)(void *ctx, const struct hg_ini_item *item, struct hg_error *err);
    void *ctx;
};

/* Stops at the first error: "NAME:LINE: ...". 0, -EINVAL, -ENOMEM or what a handler returned. */
int hg_ini_parse(const char *text, size_t size, const char *name, const struct hg_ini_handler *handler,
                 struct hg_error *err);

#endif
