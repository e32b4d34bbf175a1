/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/commands.h"
#include "policy/cage.h"
#include "policy/policy.h"

static const char usage[] =
    "usage: hubguard policy check [FILE]   is it valid?\n"
    "       hubguard policy show [FILE]    every value in force and where it comes from\n"
    "       hubguard policy oci [FILE]     linux.seccomp of an OCI runtime configuration, as JSON\n"
    "Without FILE: the policy that `hubguard run` would use here.\n";

static int fail(const char *text)
{
    (void)fprintf(stderr, "hubguard: %s\n", text);
    return 2;
}

static int finish(void)
{
    return fflush(stdout) != 0 || ferror(stdout) != 0 ? fail("standard output cannot be written") : 0;
}

static int check(const struct hg_policy *policy)
{
    (void)printf("%s: valid\n", policy->source != NULL ? policy->source : "built-in default policy");
    return finish();
}

static int show(const struct hg_policy *policy)
{
    (void)hg_policy_print(policy, stdout);
    return finish();
}

/* The notes go to standard error: the profile must not be taken for the whole policy. */
static int oci(const struct hg_policy *policy)
{
    char *notes = NULL, *save = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&notes, &size);
    if (stream == NULL)
        return fail("out of memory");
    int rc = hg_filter_oci(policy, stdout, stream);
    if (fclose(stream) != 0 || rc == -ENOMEM) {
        free(notes);
        return fail("out of memory");
    }
    int status = rc < 0 ? fail("standard output cannot be written") : finish();
    for (char *line = strtok_r(notes, "\n", &save); status == 0 && line != NULL;
         line = strtok_r(NULL, "\n", &save))
        (void)fprintf(stderr, "hubguard: not in the profile: %s\n", line);
    free(notes);
    return status;
}

/* Not in the usage text: makes the reference part of docs/policy.md. */
static int doc(void)
{
    (void)hg_policy_doc(stdout);
    return finish();
}

int hg_cmd_policy(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*act)(const struct hg_policy *policy);
    } acts[] = {{"check", check}, {"show", show}, {"oci", oci}};
    struct hg_policy policy;
    struct hg_error err = {""};

    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        (void)fputs(usage, stdout);
        return finish();
    }
    if (argc == 2 && strcmp(argv[1], "doc") == 0)
        return doc();
    for (size_t i = 0; i < sizeof acts / sizeof acts[0] && (argc == 2 || argc == 3); i++) {
        if (strcmp(argv[1], acts[i].name) != 0)
            continue;
        if (argc == 3 && argv[2][0] == '-')
            break;
        if (hg_policy_find(argc == 3 ? argv[2] : NULL, &policy, &err) < 0)
            return fail(err.text);
        int status = acts[i].act(&policy);
        hg_policy_free(&policy);
        return status;
    }
    (void)fputs(usage, stderr);
    return 2;
}
