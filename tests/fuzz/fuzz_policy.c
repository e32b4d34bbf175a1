/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a policy. What is accepted must print as a policy that is accepted again and prints the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *print(struct hg_policy *policy, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (out == NULL || hg_policy_print(policy, out) < 0)
        abort();
    (void)fclose(out);
    hg_policy_free(policy);
    return text;
}

/* What stands behind "  ; " says where a value comes from, and differs. */
static void drop_origins(char *text)
{
    char *to = text;
    for (char *from = text; *from != '\0';) {
        if (strncmp(from, "  ; ", 4) == 0)
            from += strcspn(from, "\n");
        else
            *to++ = *from++;
    }
    *to = '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hg_policy policy;
    struct hg_error err;
    size_t first_size = 0, second_size = 0;
    if (hg_policy_parse((const char *)data, size, "fuzz", &policy, &err) < 0) {
        if (strncmp(err.text, "fuzz:", 5) != 0)
            abort();
        return 0;
    }
    char *first = print(&policy, &first_size);
    if (hg_policy_parse(first, first_size, "fuzz", &policy, &err) < 0) {
        /* Only a path that grew by the directory it is relative to may be too long for a line now. */
        if (strstr(err.text, "too long") == NULL)
            abort();
        free(first);
        return 0;
    }
    char *second = print(&policy, &second_size);
    drop_origins(first);
    drop_origins(second);
    if (strcmp(first, second) != 0)
        abort();
    free(first);
    free(second);
    return 0;
}
