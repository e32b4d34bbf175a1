/* SPDX-License-Identifier: Apache-2.0 */
/* Which directories are guarded, worked out from the environment exactly as the loaders do it.
 * libc only, no malloc: the shim and the guard compile the same file. Adding a loader is adding a row of the
 * table in roots.c. Source of each row: the loader's own documentation, named there. */
#ifndef HUBGUARD_SHIM_ROOTS_H
#define HUBGUARD_SHIM_ROOTS_H

#include <limits.h>
#include <stddef.h>

#define HG_ROOTS_MAX 48

struct hg_root {
    char path[PATH_MAX]; /* absolute, lexically clean, no trailing slash; symlinks resolved if it exists */
    unsigned short len;
    unsigned char loader; /* enum hg_loader */
};

enum hg_loader { HG_LOADER_EXTRA = 0, HG_LOADER_HF_HUB, HG_LOADER_HF_MODULES, HG_LOADER_TORCH_HUB, HG_LOADER_COUNT };

struct hg_roots {
    struct hg_root items[HG_ROOTS_MAX];
    size_t count;
    int overflow; /* a root did not fit: the caller must fail closed */
};

/* Look-up of one variable; `ctx` is the caller's. Returns NULL when unset. */
typedef const char *hg_getenv_fn(const char *name, void *ctx);

/* Add every root that the environment names or defaults to, and HUBGUARD_ROOTS (colon separated).
 * A root is added under its spelling and, where that differs, under its realpath(3). Never removes one; calling it
 * again after a variable changed adds what is new. Returns 0, or -ENOSPC with roots->overflow set. */
int hg_roots_resolve(struct hg_roots *roots, hg_getenv_fn *env, void *ctx);
/* Add one directory. Relative paths are taken from the working directory. 0, -ENOSPC, -ENAMETOOLONG, -EINVAL. */
int hg_roots_add(struct hg_roots *roots, const char *path, enum hg_loader loader);
/* The root that holds the absolute, clean path (equal or below), or NULL. The longest match wins. */
const struct hg_root *hg_roots_match(const struct hg_roots *roots, const char *path);
/* True when a change of this variable can change the roots. */
int hg_roots_variable(const char *name);
const char *hg_loader_name(enum hg_loader loader);

/* Make `path` absolute (from `cwd`, which may be NULL for getcwd) and lexically clean: no //, no /./, and ..
 * resolved textually. Returns length, or -ENAMETOOLONG. */
int hg_path_clean(const char *path, const char *cwd, char *out, size_t out_size);

#endif
