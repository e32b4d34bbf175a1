/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "guard/commands.h"
#include "guard/report.h"
#include "guard/text.h"

static const char usage[] = "usage: hubguard rules [list]    every rule: id, severity, CWE, title\n"
                            "       hubguard rules show ID   one rule with an example and its remedy\n";

static int complain(const char *text)
{
    (void)fprintf(stderr, "hubguard: %s\n", text);
    return 2;
}

static int finish(void)
{
    return fflush(stdout) != 0 || ferror(stdout) != 0 ? complain("standard output cannot be written") : 0;
}

static void cwe_list(const struct hg_rule_info *r, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < HG_CWE_MAX && r->cwe[i] != 0 && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%sCWE-%u", i == 0 ? "" : ", ", r->cwe[i]);
}

/* "high" when every reach has the same, else "medium/high/critical" for text/call/load. */
static void severities(const struct hg_rule_info *r, char *out, size_t size)
{
    if (r->severity[0] == r->severity[1] && r->severity[1] == r->severity[2])
        (void)snprintf(out, size, "%s", hg_severity_name(r->severity[0]));
    else
        (void)snprintf(out, size, "%s/%s/%s", hg_severity_name(r->severity[0]),
                       hg_severity_name(r->severity[1]), hg_severity_name(r->severity[2]));
}

static int list(const struct hg_engine *engine)
{
    const struct hg_rule_info *r;
    char cwe[64], severity[64];
    for (size_t i = 0; (r = hg_report_rule(engine, i)) != NULL; i++) {
        cwe_list(r, cwe, sizeof cwe);
        severities(r, severity, sizeof severity);
        (void)printf("%-16s %-6s %-22s %-20s %s\n", r->id, r->kind, severity, cwe, r->title);
    }
    return finish();
}

/* A sample over several lines, indented; bytes that are no text are escaped. */
static void sample(const char *label, const char *text)
{
    char line[2048];
    if (text == NULL)
        return;
    (void)printf("%s:\n", label);
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        (void)hg_text_escape(text, n, true, line, sizeof line);
        (void)printf("    %s\n", line);
        text += n + (text[n] == '\n');
    }
}

static int show(const struct hg_engine *engine, const char *id)
{
    const struct hg_rule_info *r;
    char cwe[64], severity[64];
    for (size_t i = 0; (r = hg_report_rule(engine, i)) != NULL; i++) {
        if (strcasecmp(r->id, id) != 0)
            continue;
        cwe_list(r, cwe, sizeof cwe);
        severities(r, severity, sizeof severity);
        (void)printf("%s  %s\nkind: %s\nseverity: %s%s\nconfidence: %s\nCWE: %s\n", r->id, r->title, r->kind,
                     severity, strchr(severity, '/') != NULL ? " (text/call/load)" : "",
                     hg_confidence_name(r->confidence), cwe);
        (void)printf("\n%s\n\nRemedy: %s\nReference: %s\n\n", r->description, r->remedy, r->reference);
        sample("Matches", r->example);
        sample("Does not match", r->counterexample);
        return finish();
    }
    (void)fputs("hubguard: ", stderr);
    char clean[256];
    (void)hg_text_escape(id, strlen(id), true, clean, sizeof clean);
    (void)fprintf(stderr, "%s: no such rule; `hubguard rules` lists them\n", clean);
    return 2;
}

int hg_cmd_rules(int argc, char **argv)
{
    struct hg_policy policy;
    struct hg_engine *engine = NULL;
    struct hg_error err = {""};
    int wants_show = argc == 3 && strcmp(argv[1], "show") == 0;
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        (void)fputs(usage, stdout);
        return finish();
    }
    if (!wants_show && argc != 1 && !(argc == 2 && strcmp(argv[1], "list") == 0)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    /* The policy may add rules of its own. */
    if (hg_policy_find(NULL, &policy, &err) != 0)
        return complain(err.text);
    struct hg_engine_options options = {.extra_rules = policy.rules};
    int status = hg_engine_new(&options, &engine, &err) != 0 ? complain(err.text)
                 : wants_show                                ? show(engine, argv[2])
                                                             : list(engine);
    hg_engine_free(engine);
    hg_policy_free(&policy);
    return status;
}
