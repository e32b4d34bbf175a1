/* SPDX-License-Identifier: Apache-2.0 */
/* Places to a Landlock ruleset. Landlock only grants, and what it grants it grants below as well; so that a
 * place can be denied, everything beside the way from "/" to it is granted instead. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <linux/major.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "policy/cage.h"
#include "policy/places.h"

/* What linux/landlock.h of Linux 6.1 does not have, with the ABI that brought it. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ull << 14) /* 3 */
#endif
#define ACCESS_NET_CONNECT_TCP     (1ull << 1) /* 4 */
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ull << 0) /* 6 */
#define SCOPE_SIGNAL               (1ull << 1) /* 6 */

struct ruleset_attr {
    uint64_t handled_access_fs;
    uint64_t handled_access_net; /* 4 */
    uint64_t scoped;             /* 6 */
};

#define EXECUTE    LANDLOCK_ACCESS_FS_EXECUTE
#define FILE_WRITE LANDLOCK_ACCESS_FS_WRITE_FILE
/* Device nodes are not made by anyone: reading the disk's own would pass every denial by. */
#define TREE_WRITE                                                                                           \
    (LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |          \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |             \
     LANDLOCK_ACCESS_FS_MAKE_SYM)
#define TAKES_AWAY    (LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REFER)
#define NEVER_GRANTED (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)

/* Entries that are granted beside the denied places, all together: a rule costs the kernel some 100 bytes,
 * and the cage closes while the load waits. */
#define SIBLINGS_MAX 32768

struct builder {
    const struct hg_places *places;
    int ruleset;
    uint64_t file_write, tree_write; /* what this ABI handles of it */
    uint64_t read;                   /* READ_FILE, or 0 when reading is not handled */
    size_t siblings;
    bool unlisted; /* a directory on the way to a denied place could not be listed */
    struct inode {
        dev_t device;
        ino_t inode;
    } * denied; /* of the denied places and of all directories above them */
    size_t denied_count;
    struct hg_error *err;
};

/* What a directory gets, and what anything else gets. */
struct access {
    uint64_t tree, file;
};

static int add_rule(struct builder *b, int fd, uint64_t access)
{
    struct landlock_path_beneath_attr attr = {.allowed_access = access, .parent_fd = fd};
    if (access == 0 || syscall(SYS_landlock_add_rule, b->ruleset, LANDLOCK_RULE_PATH_BENEATH, &attr, 0u) == 0)
        return 0;
    /* EBADFD: a file system that Landlock does not look at (pipefs and its kind). */
    return errno == EBADFD ? 0 : -errno;
}

static int failed(const struct builder *b, int rc, const char *path)
{
    return hg_error_set(b->err, rc, "Landlock: no rule for %.300s: %s", path, strerror(-rc));
}

/* What vanished is left out. */
static int grant(struct builder *b, const char *path, const struct access *access)
{
    struct stat st;
    int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : failed(b, -errno, path);
    int rc = 0;
    if (fstat(fd, &st) == 0 && !S_ISLNK(st.st_mode))
        rc = add_rule(b, fd, S_ISDIR(st.st_mode) ? access->tree : access->file);
    close(fd);
    return rc < 0 ? failed(b, rc, path) : 0;
}

/* --- what is denied, and what is beside it --- */

/* Does a denied place lie at or below `path`? */
static bool holds_denied(const struct builder *b, const char *path)
{
    for (size_t i = 0; i < b->places->deny_read.count; i++)
        if (hg_path_below(b->places->deny_read.items[i].path, path))
            return true;
    return false;
}

static bool is_denied(const struct builder *b, const char *path)
{
    for (size_t i = 0; i < b->places->deny_read.count; i++)
        if (hg_path_below(path, b->places->deny_read.items[i].path))
            return true;
    return false;
}

static bool is_denied_inode(const struct builder *b, const struct stat *st)
{
    for (size_t i = 0; i < b->denied_count; i++)
        if (b->denied[i].inode == st->st_ino && b->denied[i].device == st->st_dev)
            return true;
    return false;
}

static int note_inode(struct builder *b, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || is_denied_inode(b, &st))
        return 0;
    struct inode *more = realloc(b->denied, (b->denied_count + 1) * sizeof *more);
    if (more == NULL)
        return -ENOMEM;
    b->denied = more;
    b->denied[b->denied_count++] = (struct inode){st.st_dev, st.st_ino};
    return 0;
}

/* Under another name the same directory would grant what lies below it. */
static int note_inodes(struct builder *b)
{
    char path[PATH_MAX];
    int rc = note_inode(b, "/");
    for (size_t i = 0; rc == 0 && i < b->places->deny_read.count; i++) {
        (void)snprintf(path, sizeof path, "%s", b->places->deny_read.items[i].path);
        for (char *slash; rc == 0 && path[0] != '\0'; *slash = '\0') {
            rc = note_inode(b, path);
            slash = strrchr(path, '/');
        }
    }
    return rc;
}

/* The raw bytes of disks and of memory hold every denied file. */
static bool is_raw(const struct stat *st)
{
    unsigned minor_number = minor(st->st_rdev);
    return S_ISBLK(st->st_mode) || (S_ISCHR(st->st_mode) && major(st->st_rdev) == MEM_MAJOR &&
                                    (minor_number == 1 || minor_number == 2 || minor_number == 4));
}

static int grant_entry(struct builder *b, int directory, const char *name, const struct access *access)
{
    struct stat st;
    int fd = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : 0;
    int rc = 0;
    if (fstat(fd, &st) == 0 && !S_ISLNK(st.st_mode) && !is_raw(&st) && !is_denied_inode(b, &st))
        rc = add_rule(b, fd, S_ISDIR(st.st_mode) ? access->tree : access->file);
    close(fd);
    return rc;
}

/* All of `path` but what is denied below it. */
static int grant_allowed(struct builder *b, const char *path, const struct access *access);

static int grant_named(struct builder *b, int directory, const char *path, const struct dirent *entry,
                       const struct access *access)
{
    char child[PATH_MAX];
    const char *name = entry->d_name;
    /* A rule is on what a link leads to, which is granted or denied where it stands. */
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || entry->d_type == DT_LNK ||
        entry->d_type == DT_SOCK)
        return 0;
    int n = snprintf(child, sizeof child, "%s/%s", path[1] == '\0' ? "" : path, name);
    if (n >= (int)sizeof child)
        return 0;
    if (holds_denied(b, child) || strcmp(child, "/dev") == 0)
        return grant_allowed(b, child, access);
    if (++b->siblings > SIBLINGS_MAX)
        return hg_error_set(
            b->err, -E2BIG,
            "deny_read in [fs]: more than %d entries lie beside the denied places, too many for "
            "Landlock rules (the last in %.200s): move them or take the place out of the list",
            SIBLINGS_MAX, path);
    int rc = grant_entry(b, directory, name, access);
    return rc < 0 ? failed(b, rc, child) : 0;
}

/* The entry of `path` on the way to denied place `index`; false when that lies elsewhere. */
static bool next_on_way(const struct builder *b, const char *path, size_t index, char *out)
{
    const char *denied = b->places->deny_read.items[index].path;
    size_t len = path[1] == '\0' ? 0 : strlen(path);
    if (!hg_path_below(denied, path) || denied[len] != '/')
        return false;
    len += 1 + strcspn(denied + len + 1, "/");
    return snprintf(out, PATH_MAX, "%.*s", (int)len, denied) < PATH_MAX;
}

/* A directory that may be passed but not listed, as /home is on shared machines: only the way is known. */
static int grant_on_way(struct builder *b, const char *path, const struct access *access)
{
    char child[PATH_MAX], earlier[PATH_MAX];
    int rc = 0;
    b->unlisted = true;
    for (size_t i = 0; rc == 0 && i < b->places->deny_read.count; i++) {
        if (!next_on_way(b, path, i, child))
            continue;
        bool again = false;
        for (size_t j = 0; j < i && !again; j++)
            again = next_on_way(b, path, j, earlier) && strcmp(child, earlier) == 0;
        if (!again)
            rc = grant_allowed(b, child, access);
    }
    return rc;
}

static int grant_around(struct builder *b, const char *path, const struct access *access)
{
    const struct dirent *entry;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (directory == NULL && fd >= 0)
        close(fd);
    if (directory == NULL)
        return errno == EACCES || errno == ENOENT || errno == ENOTDIR ? grant_on_way(b, path, access)
                                                                      : failed(b, -errno, path);
    int rc = 0;
    while (rc == 0 && (entry = readdir(directory)) != NULL)
        rc = grant_named(b, fd, path, entry, access);
    (void)closedir(directory);
    return rc;
}

static int grant_allowed(struct builder *b, const char *path, const struct access *access)
{
    if (is_denied(b, path))
        return 0;
    return holds_denied(b, path) || strcmp(path, "/dev") == 0 ? grant_around(b, path, access)
                                                              : grant(b, path, access);
}

/* --- the ruleset --- */

/* Reading. With `any` it has been granted on the way from "/", unless that way is not ours to list. */
static int grant_reading(struct builder *b, const char *path)
{
    const struct access reading = {b->read, b->read};
    return b->read != 0 && (!b->places->read_any || b->unlisted) ? grant_allowed(b, path, &reading) : 0;
}

/* Where a denied place lies inside, nothing beside it may be taken away or moved: under another name it would
 * be granted by the next ruleset. The directories beside it are free. */
static int grant_writing(struct builder *b, const char *path)
{
    const struct access writing = {b->tree_write, b->file_write};
    const struct access keeping = {b->tree_write & ~(uint64_t)TAKES_AWAY, b->file_write};
    const struct access beside = {b->tree_write, 0};
    bool split = holds_denied(b, path) && !is_denied(b, path);
    int rc = grant(b, path, split ? &keeping : &writing);
    return rc == 0 && split ? grant_around(b, path, &beside) : rc;
}

static int grant_list(struct builder *b, const struct hg_place_list *list, const struct access *access)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < list->count; i++) {
        const char *path = list->items[i].path;
        rc = access != NULL ? grant(b, path, access) : grant_writing(b, path);
        if (rc == 0)
            rc = grant_reading(b, path);
    }
    return rc;
}

static int fill(struct builder *b)
{
    static const struct access nothing = {0, 0}, program = {EXECUTE, EXECUTE}, loader = {0, EXECUTE};
    const struct access reading = {b->read, b->read};
    const struct hg_places *places = b->places;
    int rc = b->read != 0 ? note_inodes(b) : 0;
    if (rc == 0 && b->read != 0 && places->read_any)
        rc = grant_allowed(b, "/", &reading);
    if (rc == 0)
        rc = grant_list(b, &places->read, &nothing);
    if (rc == 0)
        rc = grant_list(b, &places->write, NULL);
    if (rc == 0)
        rc = grant_list(b, &places->exec, &program);
    return rc == 0 ? grant_list(b, &places->loaders, &loader) : rc;
}

static int create(struct builder *b, int abi)
{
    struct ruleset_attr attr = {0};
    b->file_write = FILE_WRITE | (abi >= 3 ? LANDLOCK_ACCESS_FS_TRUNCATE : 0);
    b->tree_write = b->file_write | TREE_WRITE | (abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0);
    b->read = !b->places->read_any || b->places->deny_read.count > 0 ? LANDLOCK_ACCESS_FS_READ_FILE : 0;
    attr.handled_access_fs = EXECUTE | b->tree_write | b->read | NEVER_GRANTED;
    attr.handled_access_net = ACCESS_NET_CONNECT_TCP;
    attr.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
    /* A kernel refuses the fields that it does not know. */
    size_t size = abi >= 6   ? sizeof attr
                  : abi >= 4 ? offsetof(struct ruleset_attr, scoped)
                             : offsetof(struct ruleset_attr, handled_access_net);
    b->ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0u);
    if (b->ruleset < 0)
        return hg_error_set(b->err, -errno, "Landlock: no ruleset (ABI %d): %s", abi, strerror(errno));
    return 0;
}

int hg_places_ruleset(const struct hg_places *places, int abi, struct hg_error *err)
{
    struct builder b = {.places = places, .ruleset = -1, .err = err};
    if (abi <= 0)
        return hg_error_set(
            err, -EOPNOTSUPP,
            "this kernel has no Landlock, which [fs] and [exec] need (hubguard doctor says why)");
    int rc = create(&b, abi);
    if (rc == 0)
        rc = fill(&b);
    if (rc == -ENOMEM)
        (void)hg_error_set(err, rc, "out of memory");
    free(b.denied);
    if (rc < 0 && b.ruleset >= 0)
        close(b.ruleset);
    return rc < 0 ? rc : b.ruleset;
}
