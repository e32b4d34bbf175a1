/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard/commands.h"
#include "guard/pool.h"
#include "guard/report.h"
#include "guard/scan_run.h"
#include "guard/watched.h"

static const char usage[] =
    "usage: hubguard scan [--policy FILE] [--format text|json|sarif] [--jobs N] PATH...\n"
    "Scan files, and the files below directories, without running anything. Python source, bytecode, "
    "compiled code\n"
    "and archives are read in full; other files are searched for payload signatures up to [scan] max_size.\n"
    "exit status: 0 nothing at block level, 1 something is, 2 could not do what was asked\n";

struct options {
    const char *policy;
    int (*write)(const struct hg_report *report, FILE *out);
    unsigned jobs;
};

static const struct {
    const char *name;
    int (*write)(const struct hg_report *report, FILE *out);
} formats[] = {{"text", hg_report_text}, {"json", hg_report_json}, {"sarif", hg_report_sarif}};

static int complain(const char *text)
{
    (void)fprintf(stderr, "hubguard: %s\n", text);
    return 2;
}

static int parse_jobs(const char *text, unsigned *out)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    if (errno != 0 || *end != '\0' || text[0] < '0' || text[0] > '9' || n == 0 || n > 1024)
        return -EINVAL;
    *out = (unsigned)n;
    return 0;
}

/* 0 go on, otherwise exit status + 1. */
static int parse(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {{"policy", required_argument, NULL, 'p'},
                                          {"format", required_argument, NULL, 'f'},
                                          {"jobs", required_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int c;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    *o = (struct options){.write = hg_report_text, .jobs = online > 0 ? (unsigned)online : 1};
    optind = 1;
    while ((c = getopt_long(argc, argv, "hj:", longs, NULL)) != -1) {
        switch (c) {
        case 'p':
            o->policy = optarg;
            break;
        case 'f':
            o->write = NULL;
            for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
                if (strcmp(optarg, formats[i].name) == 0)
                    o->write = formats[i].write;
            }
            if (o->write == NULL)
                return complain("scan: --format must be text, json or sarif") + 1;
            break;
        case 'j':
            if (parse_jobs(optarg, &o->jobs) != 0)
                return complain("scan: --jobs must be a number from 1 to 1024") + 1;
            break;
        case 'h':
            (void)fputs(usage, stdout);
            return 1;
        default:
            (void)fputs(usage, stderr);
            return 3;
        }
    }
    if (optind == argc) {
        (void)fputs(usage, stderr);
        return 3;
    }
    return 0;
}

static int status_of(const struct hg_scan_list *list)
{
    int status = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].verdict == HG_SCANNED_ERROR) {
            (void)fprintf(stderr, "hubguard: a file could not be scanned: %s\n", list->items[i].error);
            return 2;
        }
        if (list->items[i].verdict == HG_SCANNED_BLOCK)
            status = 1;
    }
    return status;
}

static int scan(const struct options *o, const struct hg_policy *policy, char **paths)
{
    struct hg_engine_options engine_options = {.extra_rules = policy->rules};
    struct hg_engine *engine = NULL;
    struct hg_lock *lock = NULL;
    struct hg_roots *roots = NULL;
    struct hg_scan_list list = {0};
    struct hg_error err = {""};
    int status = 2, rc = 0;
    if (hg_engine_new(&engine_options, &engine, &err) != 0 || hg_watched_roots(policy, &roots, &err) != 0 ||
        hg_watched_lock(policy, roots, &lock, &err) != 0) {
        (void)complain(err.text);
        goto done;
    }
    for (size_t i = 0; paths[i] != NULL && rc == 0; i++)
        rc = hg_scan_collect(&list, paths[i], policy);
    hg_scan_settle(&list);
    if (rc != 0) {
        (void)complain("out of memory");
        goto done;
    }
    if (hg_scan_run(&list, engine, policy, lock, o->jobs, &err) != 0) {
        (void)complain(err.text);
        goto done;
    }
    const struct hg_report report = {.list = &list, .policy = policy, .engine = engine};
    if (o->write(&report, stdout) != 0)
        (void)complain("the report cannot be written");
    else
        status = status_of(&list);
done:
    hg_scan_clear(&list);
    hg_lock_free(lock);
    free(roots);
    hg_engine_free(engine);
    return status;
}

int hg_cmd_scan(int argc, char **argv)
{
    struct options o;
    struct hg_policy policy;
    struct hg_error err = {""};
    int stop = parse(argc, argv, &o);
    if (stop != 0)
        return stop - 1;
    if (hg_policy_find(o.policy, &policy, &err) != 0)
        return complain(err.text);
    int status = scan(&o, &policy, argv + optind);
    hg_policy_free(&policy);
    return status;
}
