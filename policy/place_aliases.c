/* SPDX-License-Identifier: Apache-2.0 */
/* Bind mounts: one directory under several names. Landlock looks upwards along the name that was used, so a
 * denied place must be denied under each of them. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/places.h"

/* One line of /proc/self/mountinfo, proc_pid_mountinfo(5). */
struct mount {
    unsigned long long id;
    unsigned major, minor;
    char *root, *point; /* of the file system, and where it is seen */
};

struct mounts {
    struct mount *items;
    size_t count;
};

static void unescape(char *text)
{
    char *to = text;
    for (const char *s = text; *s != '\0'; to++) {
        if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' &&
            s[3] <= '7') {
            *to = (char)(((s[1] - '0') << 6) | ((s[2] - '0') << 3) | (s[3] - '0'));
            s += 4;
        } else {
            *to = *s++;
        }
    }
    *to = '\0';
}

static void mounts_free(struct mounts *mounts)
{
    for (size_t i = 0; i < mounts->count; i++) {
        free(mounts->items[i].root);
        free(mounts->items[i].point);
    }
    free(mounts->items);
}

static int add_line(struct mounts *mounts, char *line)
{
    struct mount m = {0};
    char *save = NULL, *end;
    char *id = strtok_r(line, " ", &save);
    char *parent = strtok_r(NULL, " ", &save), *device = strtok_r(NULL, " ", &save);
    char *root = strtok_r(NULL, " ", &save), *point = strtok_r(NULL, " ", &save);
    if (id == NULL || parent == NULL || device == NULL || root == NULL || point == NULL)
        return 0;
    m.id = strtoull(id, NULL, 10);
    m.major = (unsigned)strtoul(device, &end, 10);
    m.minor = *end == ':' ? (unsigned)strtoul(end + 1, NULL, 10) : 0;
    /* nsfs and its kind have no path for a root. */
    if (root[0] != '/' || point[0] != '/')
        return 0;
    unescape(root);
    unescape(point);
    struct mount *more = realloc(mounts->items, (mounts->count + 1) * sizeof *more);
    if (more == NULL)
        return -ENOMEM;
    mounts->items = more;
    m.root = strdup(root);
    m.point = strdup(point);
    mounts->items[mounts->count++] = m;
    return m.root != NULL && m.point != NULL ? 0 : -ENOMEM;
}

static int read_mounts(struct mounts *out, struct hg_error *err)
{
    char *line = NULL;
    size_t room = 0;
    int rc = 0;
    FILE *file = fopen("/proc/self/mountinfo", "re");
    if (file == NULL)
        return hg_error_set(
            err, -EIO, "/proc/self/mountinfo: %s; without it deny_read in [fs] cannot be held: mount /proc",
            strerror(errno));
    while (rc == 0 && getline(&line, &room, file) > 0)
        rc = add_line(out, line);
    if (rc == 0 && ferror(file))
        rc = hg_error_set(err, -EIO, "/proc/self/mountinfo: cannot be read");
    free(line);
    (void)fclose(file);
    return rc;
}

static const struct mount *mount_of(const struct mounts *mounts, const char *path, struct statx *st)
{
    if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_MNT_ID, st) !=
        0)
        return NULL;
    for (size_t i = 0; i < mounts->count; i++)
        if (mounts->items[i].id == st->stx_mnt_id)
            return &mounts->items[i];
    return NULL;
}

/* `path` without `top`, which it is below: "" or "/rest". */
static const char *rest_of(const char *path, const char *top)
{
    return top[1] == '\0' ? (path[1] == '\0' ? "" : path) : path + strlen(top);
}

/* The name of the place that `inside` names in its file system, as seen through `m`. NULL: not seen, or no
 * memory with *rc set. */
static char *seen_through(const struct mount *m, const char *inside, int *rc)
{
    char *name = NULL;
    if (hg_path_below(m->root, inside)) {
        name = strdup(m->point);
    } else if (hg_path_below(inside, m->root)) {
        const char *rest = rest_of(inside, m->root);
        if (asprintf(&name, "%s%s", m->point[1] == '\0' && *rest != '\0' ? "" : m->point, rest) < 0)
            name = NULL;
    } else {
        return NULL;
    }
    if (name == NULL)
        *rc = -ENOMEM;
    return name;
}

static int add_aliases(const struct mounts *mounts, size_t index, struct hg_place_list *list)
{
    struct statx st, seen;
    char *inside = NULL;
    int rc = 0;
    const struct mount *own = mount_of(mounts, list->items[index].path, &st);
    if (own == NULL || !hg_path_below(list->items[index].path, own->point))
        return 0;
    const char *rest = rest_of(list->items[index].path, own->point);
    if (asprintf(&inside, "%s%s", own->root[1] == '\0' && *rest != '\0' ? "" : own->root, rest) < 0)
        return -ENOMEM;
    for (size_t i = 0; rc == 0 && i < mounts->count; i++) {
        const struct mount *m = &mounts->items[i];
        if (m == own || m->major != own->major || m->minor != own->minor)
            continue;
        char *name = seen_through(m, inside, &rc);
        /* Another mount may hide this one. */
        if (name != NULL && mount_of(mounts, name, &seen) == m)
            rc = hg_place_add(list, name, S_ISDIR(seen.stx_mode));
        free(name);
    }
    free(inside);
    return rc;
}

int hg_places_aliases(struct hg_place_list *list, struct hg_error *err)
{
    struct mounts mounts = {0};
    size_t count = list->count;
    int rc = count > 0 ? read_mounts(&mounts, err) : 0;
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = add_aliases(&mounts, i, list);
    mounts_free(&mounts);
    return rc == -ENOMEM ? hg_error_set(err, rc, "out of memory") : rc;
}
