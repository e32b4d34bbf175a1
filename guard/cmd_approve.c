/* SPDX-License-Identifier: Apache-2.0 */
/* hubguard approve: put the digest of these bytes into the lock file, with where they came from. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "guard/commands.h"
#include "guard/watched.h"
#include "policy/lock.h"
#include "policy/origin.h"
#include "policy/policy.h"
#include "shim/roots.h"

static const char usage[] =
    "usage: hubguard approve [--policy FILE] [--lock FILE] [--why TEXT] PATH|SHA256...\n"
    "Allow exactly these bytes. The lock file is --lock, else HUBGUARD_LOCK, else the policy's ([lock] "
    "file).\n";

struct options {
    const char *policy, *lock, *why;
    char **names;
    int count;
};

/* One thing named on the command line. */
struct approval {
    struct hg_origin origin;
    char sha256[HG_SHA256_HEX];
};

static int fail(const char *text)
{
    (void)fprintf(stderr, "hubguard: %s\n", text);
    return 2;
}

/* --- what is approved
 * ------------------------------------------------------------------------------------------ */

/* Shown and kept in lower case. */
static bool take_digest(const char *text, char *out)
{
    if (strlen(text) != HG_SHA256_HEX - 1 || strspn(text, "0123456789abcdefABCDEF") != HG_SHA256_HEX - 1)
        return false;
    for (size_t i = 0; i < HG_SHA256_HEX; i++)
        out[i] = (char)(text[i] >= 'A' && text[i] <= 'F' ? text[i] - 'A' + 'a' : text[i]);
    return true;
}

/* Files only: opening for reading must not wait for a FIFO's writer nor read a device. */
static int open_file(const char *path, uint64_t max, struct hg_error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return hg_error_set(err, -errno, "%.300s: %s", path, strerror(errno));
    const char *wrong = NULL;
    if (fstat(fd, &st) < 0)
        wrong = strerror(errno);
    else if (S_ISDIR(st.st_mode))
        wrong = "is a directory; name the files to approve";
    else if (!S_ISREG(st.st_mode))
        wrong = "is not a regular file";
    else if ((uint64_t)st.st_size > max)
        wrong = "is larger than [scan] max_size, and would be blocked all the same";
    if (wrong == NULL)
        return fd;
    (void)close(fd);
    return hg_error_set(err, -EINVAL, "%.300s: %s", path, wrong);
}

static int hash_descriptor(int fd, uint64_t max, EVP_MD_CTX *ctx, unsigned char *out)
{
    static char buf[65536];
    uint64_t total = 0;
    if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
        return -ENOMEM;
    for (;;) {
        ssize_t n = read(fd, buf, sizeof buf);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        total += (uint64_t)n;
        if (total > max)
            return -EFBIG;
        if (EVP_DigestUpdate(ctx, buf, (size_t)n) != 1)
            return -ENOMEM;
    }
    return EVP_DigestFinal_ex(ctx, out, NULL) == 1 ? 0 : -ENOMEM;
}

static int hash_file(const char *path, uint64_t max, char *hex, struct hg_error *err)
{
    unsigned char raw[EVP_MAX_MD_SIZE];
    int fd = open_file(path, max, err);
    if (fd < 0)
        return fd;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int rc = hash_descriptor(fd, max, ctx, raw);
    EVP_MD_CTX_free(ctx);
    (void)close(fd);
    if (rc < 0)
        return hg_error_set(err, rc, "%.300s: cannot be read: %s", path, strerror(-rc));
    for (size_t i = 0; i < (HG_SHA256_HEX - 1) / 2; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", raw[i]);
    return 0;
}

/* The lock is committed: a path of this machine does not belong there, only what comes behind the root, or
 * the name. */
static void shorten_file(const char *path, const struct hg_root *root, struct hg_origin *origin)
{
    const char *slash = strrchr(path, '/');
    const char *rest = slash != NULL ? slash + 1 : path;
    if (root != NULL && strncmp(path, root->path, root->len) == 0 && path[root->len] == '/')
        rest = path + root->len + 1;
    (void)snprintf(origin->file, sizeof origin->file, "%s", rest);
}

/* Repository and file as the guard will name them. */
static int find_origin(const char *path, const struct hg_roots *roots, struct hg_origin *out,
                       struct hg_error *err)
{
    char clean[PATH_MAX];
    int n = hg_path_clean(path, NULL, clean, sizeof clean);
    char *resolved = realpath(path, NULL);
    if (n < 0 || resolved == NULL) {
        free(resolved);
        return hg_error_set(err, -EINVAL, "%.300s: cannot be made an absolute path", path);
    }
    const struct hg_root *root = hg_roots_match(roots, clean);
    if (root == NULL)
        root = hg_roots_match(roots, resolved);
    hg_origin_of(clean, resolved, root != NULL ? root->path : NULL, out);
    if (out->repository[0] == '\0')
        shorten_file(clean, root, out);
    free(resolved);
    return 0;
}

static int take(const char *name, const struct hg_roots *roots, uint64_t max, struct approval *out,
                struct hg_error *err)
{
    memset(out, 0, sizeof *out);
    if (take_digest(name, out->sha256) && access(name, F_OK) != 0)
        return 0;
    int rc = hash_file(name, max, out->sha256, err);
    return rc < 0 ? rc : find_origin(name, roots, &out->origin, err);
}

/* --- who and when
 * ---------------------------------------------------------------------------------------------- */

static void say_who(char *out, size_t size)
{
    char host[256] = "";
    const struct passwd *pw = getpwuid(getuid());
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '\0';
    if (pw != NULL)
        (void)snprintf(out, size, "%s@%s", pw->pw_name, host);
    else
        (void)snprintf(out, size, "%u@%s", (unsigned)getuid(), host);
}

static void say_when(char *out, size_t size)
{
    struct tm utc;
    time_t now = time(NULL);
    if (gmtime_r(&now, &utc) == NULL || strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        (void)snprintf(out, size, "1970-01-01T00:00:00Z");
}

/* --- the command
 * ----------------------------------------------------------------------------------------------- */

static int put_all(struct hg_lock *lock, const struct options *o, struct approval *approvals,
                   struct hg_error *err)
{
    char who[512], when[32], why[4096];
    say_who(who, sizeof who);
    say_when(when, sizeof when);
    if ((size_t)snprintf(why, sizeof why, "%s", o->why) >= sizeof why)
        return hg_error_set(err, -EINVAL, "--why: longer than %zu bytes", sizeof why - 1);
    for (int i = 0; i < o->count; i++) {
        struct approval *a = &approvals[i];
        struct hg_lock_entry entry = {.repository = a->origin.repository,
                                      .revision = a->origin.revision,
                                      .file = a->origin.file,
                                      .who = who,
                                      .when = when,
                                      .why = why};
        struct hg_error wrong = {""};
        memcpy(entry.sha256, a->sha256, sizeof entry.sha256);
        int rc = hg_lock_put(lock, &entry, &wrong);
        if (rc < 0)
            return hg_error_set(err, rc, "%.200s: %.250s", o->names[i], wrong.text);
    }
    return 0;
}

static int print_all(const struct approval *approvals, int count, const char *path)
{
    for (int i = 0; i < count; i++) {
        const struct approval *a = &approvals[i];
        (void)printf("approved %s", a->sha256);
        if (a->origin.repository[0] != '\0')
            (void)printf("  %s", a->origin.repository);
        if (a->origin.revision[0] != '\0')
            (void)printf("@%s", a->origin.revision);
        if (a->origin.file[0] != '\0')
            (void)printf("  %s", a->origin.file);
        (void)putchar('\n');
    }
    (void)printf("written to %s\n", path);
    return fflush(stdout) != 0 ? -EIO : 0;
}

/* All of them or none: the lock is written once everything that was named could be read. */
static int approve_all(const struct options *o, const struct hg_policy *policy, const struct hg_roots *roots,
                       struct approval *approvals, struct hg_error *err)
{
    struct hg_lock *lock = NULL;
    const char *path = o->lock != NULL ? o->lock : policy->lock_file;
    int rc = path != NULL ? hg_lock_check_place(path, roots, err)
                          : hg_error_set(err, -EINVAL, "the policy names no lock file; add --lock FILE");
    for (int i = 0; rc == 0 && i < o->count; i++)
        rc = take(o->names[i], roots, policy->max_size, &approvals[i], err);
    if (rc == 0)
        rc = hg_lock_load(path, &lock, err);
    if (rc == 0)
        rc = put_all(lock, o, approvals, err);
    if (rc == 0)
        rc = hg_lock_save(lock, path, err);
    hg_lock_free(lock);
    if (rc == 0 && print_all(approvals, o->count, path) < 0)
        rc = hg_error_set(err, -EIO, "approved, but standard output cannot be written");
    return rc;
}

static int approve(const struct options *o, struct hg_error *err)
{
    struct hg_policy policy = {0};
    int rc = hg_policy_find(o->policy, &policy, err);
    if (rc < 0)
        return rc;
    struct hg_roots *roots = NULL;
    struct approval *approvals = calloc((size_t)o->count + 1, sizeof *approvals);
    rc = hg_watched_roots(&policy, &roots, err);
    if (approvals == NULL)
        rc = hg_error_set(err, -ENOMEM, "out of memory");
    else if (rc == 0)
        rc = approve_all(o, &policy, roots, approvals, err);
    free(approvals);
    free(roots);
    hg_policy_free(&policy);
    return rc;
}

/* 1: usage was asked for. */
static int parse_options(int argc, char **argv, struct options *o, struct hg_error *err)
{
    const struct {
        const char *name;
        const char **place;
    } known[] = {{"--policy", &o->policy}, {"--lock", &o->lock}, {"--why", &o->why}};
    int i = 1;
    while (i < argc && argv[i][0] == '-' && strcmp(argv[i], "--") != 0) {
        size_t k = 0;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return 1;
        while (k < sizeof known / sizeof known[0] && strcmp(argv[i], known[k].name) != 0)
            k++;
        if (k == sizeof known / sizeof known[0])
            return hg_error_set(err, -EINVAL, "approve: unknown option %.100s", argv[i]);
        if (i + 1 == argc)
            return hg_error_set(err, -EINVAL, "approve: %s needs a value", argv[i]);
        *known[k].place = argv[i + 1];
        i += 2;
    }
    if (i < argc && strcmp(argv[i], "--") == 0)
        i++;
    o->names = argv + i;
    o->count = argc - i;
    return o->count > 0 ? 0 : hg_error_set(err, -EINVAL, "approve: name at least one file or SHA-256");
}

int hg_cmd_approve(int argc, char **argv)
{
    struct options o = {.why = ""};
    struct hg_error err = {""};
    int rc = parse_options(argc, argv, &o, &err);
    if (rc == 1) {
        (void)fputs(usage, stdout);
        return fflush(stdout) != 0 ? 2 : 0;
    }
    if (rc == 0)
        rc = approve(&o, &err);
    return rc < 0 ? fail(err.text) : 0;
}
