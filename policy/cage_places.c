/* SPDX-License-Identifier: Apache-2.0 */
/* Where the cage lets a process write, read and start programs: the words of [fs] and [exec] as paths of this
 * moment. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/cage.h"
#include "policy/places.h"
#include "policy/values.h"

struct finder {
    const struct hg_places_options *options;
    struct hg_places *out;
    struct hg_error *err;
    char home[PATH_MAX];    /* resolved; "" when there is none */
    char account[PATH_MAX]; /* the home that passwd(5) has, where HOME says another; "" */
    char own[PATH_MAX];     /* hubguard's verdict cache; "" */
    char xdg[PATH_MAX];     /* $XDG_CACHE_HOME or ~/.cache; "" */
    char hf[PATH_MAX];      /* $HF_HOME or XDG/huggingface; "" */
};

/* --- lists --- */

bool hg_path_below(const char *path, const char *top)
{
    size_t len = strlen(top);
    if (len == 1) /* "/" */
        return path[0] == '/';
    return strncmp(path, top, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

int hg_place_add(struct hg_place_list *list, const char *path, bool is_directory)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].path, path) == 0)
            return 0;
    struct hg_place *more = realloc(list->items, (list->count + 1) * sizeof *more);
    if (more == NULL)
        return -ENOMEM;
    list->items = more;
    char *copy = strdup(path);
    if (copy == NULL)
        return -ENOMEM;
    list->items[list->count++] = (struct hg_place){copy, is_directory};
    return 0;
}

static void list_free(struct hg_place_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].path);
    free(list->items);
    *list = (struct hg_place_list){0};
}

void hg_places_free(struct hg_places *places)
{
    list_free(&places->write);
    list_free(&places->exec);
    list_free(&places->loaders);
    list_free(&places->deny_read);
    list_free(&places->read);
}

/* `path` with its links resolved, when there is something. */
static bool resolve(const char *path, char *out, struct stat *st)
{
    return hg_path_resolve(path, out, PATH_MAX) > 0 && stat(out, st) == 0;
}

/* What is not there is left out. */
static int add_existing(struct hg_place_list *list, const char *path)
{
    char found[PATH_MAX];
    struct stat st;
    return resolve(path, found, &st) ? hg_place_add(list, found, S_ISDIR(st.st_mode)) : 0;
}

static bool list_holds(const struct hg_place_list *list, const char *path)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].is_directory ? hg_path_below(path, list->items[i].path)
                                        : strcmp(path, list->items[i].path) == 0)
            return true;
    return false;
}

/* --- the environment --- */

static const char *value_of(const struct finder *f, const char *name)
{
    const char *value = f->options->env != NULL ? f->options->env(name, f->options->ctx) : NULL;
    return value != NULL && *value != '\0' ? value : NULL;
}

/* An absolute path out of a variable's value: `~` is the home, what is relative begins at the working
 * directory. Some loaders also expand `$`; where those come out, the roots know. */
static bool spell(const struct finder *f, const char *value, char *out)
{
    int n;
    if (strchr(value, '$') != NULL)
        return false;
    if (value[0] == '~' && (value[1] == '/' || value[1] == '\0'))
        n = f->home[0] != '\0' ? snprintf(out, PATH_MAX, "%s%s", f->home, value + 1) : -1;
    else if (value[0] == '/')
        n = snprintf(out, PATH_MAX, "%s", value);
    else
        n = f->options->cwd != NULL ? snprintf(out, PATH_MAX, "%s/%s", f->options->cwd, value) : -1;
    return n > 0 && n < PATH_MAX;
}

static bool join(const char *base, const char *name, char *out)
{
    int n = base[0] != '\0' ? snprintf(out, PATH_MAX, "%s/%s", base, name) : -1;
    return n > 0 && n < PATH_MAX;
}

static void find_bases(struct finder *f)
{
    struct stat st;
    char spelled[PATH_MAX];
    const char *home = value_of(f, "HOME");
    char *known = home != NULL && home[0] == '/' ? strdup(home) : hg_home_expand("~");
    if (known == NULL || known[0] != '/' || !resolve(known, f->home, &st))
        f->home[0] = '\0';
    free(known);
    const struct passwd *user = getpwuid(getuid());
    if (user == NULL || user->pw_dir[0] != '/' || !resolve(user->pw_dir, f->account, &st))
        f->account[0] = '\0';
    const char *xdg = value_of(f, "XDG_CACHE_HOME");
    if (xdg != NULL ? !spell(f, xdg, f->xdg) : !join(f->home, ".cache", f->xdg))
        f->xdg[0] = '\0';
    const char *hf = value_of(f, "HF_HOME");
    if (hf != NULL ? !spell(f, hf, f->hf) : !join(f->xdg, "huggingface", f->hf))
        f->hf[0] = '\0';
    /* As hg_cache_directory has it: a relative XDG_CACHE_HOME does not count. */
    if (!(xdg != NULL && xdg[0] == '/' ? join(xdg, "hubguard", spelled)
                                       : join(f->home, ".cache/hubguard", spelled)) ||
        hg_path_resolve(spelled, f->own, sizeof f->own) <= 0)
        f->own[0] = '\0';
}

/* --- write --- */

static bool holds_home(const struct finder *f, const char *path)
{
    return strcmp(path, "/") == 0 || (f->home[0] != '\0' && hg_path_below(f->home, path)) ||
           (f->account[0] != '\0' && hg_path_below(f->account, path));
}

/* A cache that was pointed at the home, or at what holds hubguard's own verdicts, is no cache. */
static bool is_too_wide(const struct finder *f, const char *path)
{
    return holds_home(f, path) ||
           (f->own[0] != '\0' && (hg_path_below(f->own, path) || hg_path_below(path, f->own)));
}

static int add_cwd(struct finder *f)
{
    char found[PATH_MAX];
    struct stat st;
    const char *cwd = f->options->cwd;
    if (cwd == NULL || !resolve(cwd, found, &st) || holds_home(f, found))
        return 0;
    return hg_place_add(&f->out->write, found, true);
}

/* As Python's tempfile picks it; the home is not taken for one. */
static int add_tmp(struct finder *f)
{
    static const char *const variables[] = {"TMPDIR", "TEMP", "TMP"};
    static const char *const fixed[] = {"/var/tmp", "/dev/shm"};
    char spelled[PATH_MAX], found[PATH_MAX] = "/tmp";
    struct stat st;
    int rc = 0;
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *value = value_of(f, variables[i]);
        if (value == NULL || !spell(f, value, spelled) || !resolve(spelled, found, &st) ||
            !S_ISDIR(st.st_mode) || strcmp(found, "/") == 0 || strcmp(found, f->home) == 0 ||
            strcmp(found, f->account) == 0) {
            (void)snprintf(found, sizeof found, "/tmp");
            continue;
        }
        break;
    }
    rc = add_existing(&f->out->write, found);
    for (size_t i = 0; rc == 0 && i < sizeof fixed / sizeof fixed[0]; i++)
        rc = add_existing(&f->out->write, fixed[i]);
    return rc;
}

/* mkdir -p with the mode that the loaders use for what is private. */
static void make_directory(const char *path)
{
    char part[PATH_MAX];
    if (hg_path_clean(path, NULL, part, sizeof part) < 0)
        return;
    for (char *slash = strchr(part + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash != NULL)
            *slash = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return;
        if (slash == NULL)
            return;
        *slash = '/';
    }
}

static int add_cache(struct finder *f, const char *spelled, bool make)
{
    char found[PATH_MAX];
    struct stat st;
    /* Judged before it is made: hg_path_resolve leaves what is missing as spelled. */
    if (hg_path_resolve(spelled, found, sizeof found) <= 0 || is_too_wide(f, found))
        return 0;
    if (stat(found, &st) != 0 && (!make || (make_directory(found), stat(found, &st) != 0)))
        return 0;
    return S_ISDIR(st.st_mode) ? hg_place_add(&f->out->write, found, true) : 0;
}

static bool spell_row(const struct finder *f, const struct hg_cache_row *row, char *out)
{
    const char *value = row->variable != NULL ? value_of(f, row->variable) : NULL;
    if (value != NULL)
        return spell(f, value, out);
    if (row->fallback == NULL)
        return false;
    const char *base = row->base[0] == '~' ? f->home : row->base[0] == 'X' ? f->xdg : f->hf;
    return join(base, row->fallback, out);
}

static int add_caches(struct finder *f)
{
    char spelled[PATH_MAX];
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < hg_cache_row_count; i++)
        if (spell_row(f, &hg_cache_rows[i], spelled))
            rc = add_cache(f, spelled, hg_cache_rows[i].make);
    const struct hg_roots *roots = f->options->roots;
    for (size_t i = 0; rc == 0 && roots != NULL && i < roots->count; i++)
        if (roots->items[i].loader != HG_LOADER_EXTRA)
            rc = add_cache(f, roots->items[i].path, false);
    return rc;
}

static int add_devices(struct finder *f)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < hg_device_pattern_count; i++) {
        glob_t found;
        struct stat st;
        if (glob(hg_device_patterns[i], GLOB_NOSORT, NULL, &found) != 0)
            continue;
        for (size_t j = 0; rc == 0 && j < found.gl_pathc; j++)
            if (stat(found.gl_pathv[j], &st) == 0 && !S_ISBLK(st.st_mode) &&
                (!S_ISDIR(st.st_mode) || strchr(hg_device_patterns[i], '*') == NULL))
                rc = add_existing(&f->out->write, found.gl_pathv[j]);
        globfree(&found);
    }
    return rc;
}

static int find_write(struct finder *f)
{
    const struct hg_words *words = &f->options->policy->fs_write;
    int rc = add_devices(f);
    for (size_t i = 0; rc == 0 && i < words->count; i++) {
        const char *word = words->items[i];
        if (strcmp(word, "cwd") == 0)
            rc = add_cwd(f);
        else if (strcmp(word, "tmp") == 0)
            rc = add_tmp(f);
        else if (strcmp(word, "cache") == 0)
            rc = add_caches(f);
        else
            rc = add_existing(&f->out->write, word);
    }
    return rc;
}

/* --- exec --- */

static int add_loader_of(struct finder *f, const char *program)
{
    char name[PATH_MAX], found[PATH_MAX];
    struct stat st;
    int fd = open(program, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return 0; /* what we may not read, the cage may not start either */
    int n = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? hg_elf_interp(fd, name, sizeof name) : 0;
    close(fd);
    if (n <= 0 || !resolve(name, found, &st) || !S_ISREG(st.st_mode))
        return 0;
    return hg_place_add(&f->out->loaders, found, false);
}

/* The programs in a directory are not opened one by one. */
static int add_usual_loaders(struct finder *f)
{
    static const char *const patterns[] = {"/lib64/ld-linux-*.so.*", "/lib/ld-linux-*.so.*",
                                           "/lib64/ld64.so.*", "/lib/ld-musl-*.so.*"};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof patterns / sizeof patterns[0]; i++) {
        glob_t found;
        struct stat st;
        if (glob(patterns[i], GLOB_NOSORT, NULL, &found) != 0)
            continue;
        for (size_t j = 0; rc == 0 && j < found.gl_pathc; j++)
            if (stat(found.gl_pathv[j], &st) == 0 && S_ISREG(st.st_mode))
                rc = add_existing(&f->out->loaders, found.gl_pathv[j]);
        globfree(&found);
    }
    return rc;
}

static int add_program(struct finder *f, const char *path)
{
    char found[PATH_MAX];
    struct stat st;
    if (!resolve(path, found, &st) || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
        return 0;
    int rc = hg_place_add(&f->out->exec, found, S_ISDIR(st.st_mode));
    if (rc < 0)
        return rc;
    if (!S_ISDIR(st.st_mode))
        return add_loader_of(f, found);
    if (f->options->interpreter != NULL)
        rc = add_loader_of(f, f->options->interpreter);
    return rc < 0 ? rc : add_usual_loaders(f);
}

static int find_exec(struct finder *f)
{
    const struct hg_words *words = &f->options->policy->exec_allow;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < words->count; i++) {
        const char *word = words->items[i];
        if (strcmp(word, "none") == 0)
            continue;
        if (strcmp(word, "python") != 0)
            rc = add_program(f, word);
        else if (f->options->interpreter != NULL)
            rc = add_program(f, f->options->interpreter);
    }
    return rc;
}

/* --- read --- */

/* The installation that the interpreter belongs to: /opt/python for /opt/python/bin/python3. */
static int add_prefix(struct finder *f)
{
    char prefix[PATH_MAX];
    static const char *const environments[] = {"VIRTUAL_ENV", "CONDA_PREFIX"};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof environments / sizeof environments[0]; i++) {
        const char *value = value_of(f, environments[i]);
        if (value != NULL && value[0] == '/' && value[1] != '\0')
            rc = add_existing(&f->out->read, value);
    }
    if (rc < 0 || f->options->interpreter == NULL)
        return rc;
    rc = add_existing(&f->out->read, f->options->interpreter);
    (void)snprintf(prefix, sizeof prefix, "%s", f->options->interpreter);
    char *name = strrchr(prefix, '/');
    if (rc < 0 || name == NULL)
        return rc;
    *name = '\0';
    char *directory = strrchr(prefix, '/');
    if (directory == NULL || directory == prefix || strcmp(directory, "/bin") != 0)
        return 0;
    *directory = '\0';
    return add_existing(&f->out->read, prefix);
}

/* Children map the same preloads: the loader has to open them. */
static int add_preloads(struct finder *f)
{
    char item[PATH_MAX];
    const char *list = value_of(f, "LD_PRELOAD");
    int rc = 0;
    while (rc == 0 && list != NULL && *list != '\0') {
        size_t len = strcspn(list, ": ");
        if (list[0] == '/' && len < sizeof item) {
            memcpy(item, list, len);
            item[len] = '\0';
            rc = add_existing(&f->out->read, item);
        }
        list += len + (list[len] != '\0');
    }
    return rc;
}

static int find_read(struct finder *f)
{
    static const char *const system[] = {
        "/usr",  "/lib",  "/lib32", "/lib64",           "/bin",
        "/sbin", "/proc", "/dev",   "/etc/ld.so.cache", "/etc/ld.so.preload"};
    const struct hg_policy *policy = f->options->policy;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < policy->fs_deny_read.count; i++)
        rc = add_existing(&f->out->deny_read, policy->fs_deny_read.items[i]);
    if (rc == 0)
        rc = hg_places_aliases(&f->out->deny_read, f->err);
    f->out->read_any = policy->fs_read.count == 1 && strcmp(policy->fs_read.items[0], "any") == 0;
    if (f->out->read_any)
        return rc;
    for (size_t i = 0; rc == 0 && i < policy->fs_read.count; i++)
        rc = add_existing(&f->out->read, policy->fs_read.items[i]);
    for (size_t i = 0; rc == 0 && i < sizeof system / sizeof system[0]; i++)
        rc = add_existing(&f->out->read, system[i]);
    if (rc == 0)
        rc = add_prefix(f);
    return rc < 0 ? rc : add_preloads(f);
}

int hg_places_find(const struct hg_places_options *options, struct hg_places *out, struct hg_error *err)
{
    memset(out, 0, sizeof *out);
    struct finder *f = calloc(1, sizeof *f);
    int rc = f != NULL ? 0 : -ENOMEM;
    if (f != NULL) {
        f->options = options;
        f->out = out;
        f->err = err;
        find_bases(f);
        rc = find_write(f);
        if (rc == 0)
            rc = find_exec(f);
        if (rc == 0)
            rc = find_read(f);
    }
    free(f);
    if (rc == -ENOMEM)
        (void)hg_error_set(err, rc, "out of memory");
    if (rc < 0)
        hg_places_free(out);
    return rc;
}

/* --- decisions --- */

bool hg_places_may_write(const struct hg_places *places, const char *resolved)
{
    return list_holds(&places->write, resolved);
}

bool hg_places_may_read(const struct hg_places *places, const char *resolved)
{
    if (list_holds(&places->deny_read, resolved))
        return false;
    return places->read_any || list_holds(&places->read, resolved) || list_holds(&places->write, resolved) ||
           list_holds(&places->exec, resolved) || list_holds(&places->loaders, resolved);
}

bool hg_places_may_exec(const struct hg_places *places, const char *resolved)
{
    return list_holds(&places->exec, resolved) && hg_places_may_read(places, resolved);
}
