/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of cage_places.c that stand in files of their own. Internal to policy/. */
#ifndef HUBGUARD_POLICY_PLACES_H
#define HUBGUARD_POLICY_PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/cage.h"

/* One directory that loaders, compilers or training write to. */
struct hg_cache_row {
    const char *variable; /* names the directory when it is set and not empty; may be NULL */
    const char *base;     /* else: a variable or `~` in front of `fallback`; see hg_cache_rows */
    const char *fallback; /* NULL: without the variable there is none */
    bool make;            /* made when it is not there, as the loader would */
};
/* `base` is "~", "XDG" ($XDG_CACHE_HOME or ~/.cache), or "HF" ($HF_HOME or XDG/huggingface). */
extern const struct hg_cache_row hg_cache_rows[];
extern const size_t hg_cache_row_count;

/* Devices that every program or GPU library writes to: glob(7) patterns. */
extern const char *const hg_device_patterns[];
extern const size_t hg_device_pattern_count;

/* The PT_INTERP of the ELF file behind `fd`. Length; 0 when there is none (static, or no ELF file of this
 * machine's word size); -EINVAL for one that is no absolute path within the bounds, -EIO. */
int hg_elf_interp(int fd, char *out, size_t size);

/* Where else the denied places can be reached: through bind mounts of them, of what is above or below them.
 * Appends to `list`. 0, -ENOMEM, -EIO with *err when /proc/self/mountinfo cannot be read. */
int hg_places_aliases(struct hg_place_list *list, struct hg_error *err);

/* Append `path` unless it stands there. 0, -ENOMEM. */
int hg_place_add(struct hg_place_list *list, const char *path, bool is_directory);
/* Is `path` equal to `top` or below it? */
bool hg_path_below(const char *path, const char *top);

#endif
