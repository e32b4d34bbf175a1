/* SPDX-License-Identifier: Apache-2.0 */
/* A rule file from anywhere: loads, or is refused with a message; what loads can be used. */
#include <stdlib.h>
#include <string.h>

#include "scanner/smell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char source[] = "import os, a\nos.system('x', shell=True)\na.b(1)[2] = a.c\nexec(input())\n";
    struct hg_smell_rules *rules = NULL;
    struct hg_error err = {""};
    if (hg_smell_rules_new(&rules) != 0)
        abort();
    int rc = hg_smell_rules_add(rules, (const char *)data, size, "fuzz.ini", &err);
    if (rc != 0 && err.text[0] == '\0')
        abort();
    if (rc == 0) {
        struct hg_findings out = {0};
        if (hg_smell_scan(rules, (const uint8_t *)source, sizeof source - 1, HG_KIND_SOURCE, NULL, &out) != 0)
            abort();
        hg_findings_clear(&out);
    }
    hg_smell_rules_free(rules);
    return 0;
}
