/* SPDX-License-Identifier: Apache-2.0 */
/* Which directories are guarded, worked out from the environment exactly as the loaders do it.
 * libc only, no malloc: the shim and the guard compile the same file. Adding a loader is adding a row of the
 * table in roots.c. Source of each row: the loader's own documentation, named there. */
#ifndef HUBGUARD_SHIM_ROOTS_H
#define HUBGUARD_SHIM_ROOTS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define HG_ROOTS_MAX 48

struct hg_root {
    char path[PATH_MAX];  /* absolute, lexically clean, no trailing slash except in "/" */
    unsigned short len;   /* a path below is path[0..len) and then '/': so 0 for the root "/" */
    unsigned char loader; /* enum hg_loader */
};

enum hg_loader {
    HG_LOADER_EXTRA = 0,
    HG_LOADER_HF_HUB,
    HG_LOADER_HF_MODULES,
    HG_LOADER_TORCH_HUB,
    HG_LOADER_COUNT
};

/* What hg_roots_match looks at before it touches a root: small, so that all of them share a few cache lines.
 */
struct hg_root_key {
    unsigned short len, slot; /* sorted by len, longest first */
    char tail[4];             /* the last bytes of the root, fewer when len is below 4 */
};

/* Zero it before the first use. Filling it is not safe against a concurrent match: a caller with threads
 * fills a copy and swaps a pointer. Everything below `count` is the caller's to read. */
struct hg_roots {
    struct hg_root items[HG_ROOTS_MAX];
    struct hg_root_key keys[HG_ROOTS_MAX];
    size_t count;
    size_t common; /* so many first bytes are the same in all roots */
    int overflow;  /* a root did not fit: the caller must fail closed */
    int relative;  /* a root came from a relative path: it moves with chdir(2), so resolve again after one */
    int expands;   /* a value held a `$`: any variable can change the roots */
    int unknown_home; /* a home directory was needed that neither HOME nor /etc/passwd names. The loader asks
                         the name service, which can know more (LDAP): the caller must fail closed or have
                         HOME set */
};

/* Look-up of one variable; `ctx` is the caller's. Returns NULL when unset. */
typedef const char *hg_getenv_fn(const char *name, void *ctx);

/* Add every root that the environment names or defaults to, and HUBGUARD_ROOTS (colon separated).
 * A root is added under its spelling and, where that differs, with its symbolic links resolved (what does not
 * exist yet stays as spelled). Never removes one; calling it again after a variable changed adds what is new.
 * A home directory comes from HOME, else from /etc/passwd, which is read without the name service: that would
 * load libraries and call malloc. Returns 0, or -ENOSPC with roots->overflow set. */
int hg_roots_resolve(struct hg_roots *roots, hg_getenv_fn *env, void *ctx);
/* Add one directory. Relative paths are taken from the working directory. 0, -ENOSPC, -ENAMETOOLONG, -EINVAL.
 */
int hg_roots_add(struct hg_roots *roots, const char *path, enum hg_loader loader);
/* The root that holds the absolute, clean path (equal or below), or NULL. The longest match wins. */
const struct hg_root *hg_roots_match(const struct hg_roots *roots, const char *path);
/* True when a change of this variable can change the roots (see also roots->expands). */
int hg_roots_variable(const char *name);
const char *hg_loader_name(enum hg_loader loader);

/* Make `path` absolute (from `cwd`, which may be NULL for getcwd) and lexically clean: no //, no /./, and ..
 * resolved textually. Returns length, or -ENAMETOOLONG, or getcwd's -errno. */
int hg_path_clean(const char *path, const char *cwd, char *out, size_t out_size);
/* Whether hg_path_clean() would give an absolute path back as it is. */
bool hg_path_is_clean(const char *path);
/* Like realpath(3) for an absolute path, but what does not exist or may not be read stays as spelled, and
 * nothing is allocated. `..` goes up from where the link led, as in the kernel. Returns length,
 * -ENAMETOOLONG, -ELOOP. */
int hg_path_resolve(const char *path, char *out, size_t out_size);

#endif
