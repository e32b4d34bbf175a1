/* SPDX-License-Identifier: Apache-2.0 */
/* Which repository and revision a file under a guarded root belongs to: off its path and the snapshot. */
#ifndef HUBGUARD_POLICY_ORIGIN_H
#define HUBGUARD_POLICY_ORIGIN_H

#include <limits.h>

#define HG_ORIGIN_NAME_MAX 256

struct hg_origin {
    char platform[24];                   /* "huggingface", "torchhub", or "" */
    char repository[HG_ORIGIN_NAME_MAX]; /* "org/name", "datasets/org/name" and so on; "" when unknown */
    char revision[HG_ORIGIN_NAME_MAX];   /* commit, or the ref the path has; "" when unknown */
    int pinned;                          /* 1 when revision is a full commit hash */
    int guessed;                         /* 1 when the folder name can mean other repositories as well */
    char file[PATH_MAX];                 /* path inside the repository; the whole path when that is unknown */
};

/* `path` is the path as opened, `resolved` that of the inode (may be NULL), `root` the guarded root that
 * matched. May look into the caches (names only) to undo the escaping of transformers_modules and torch hub
 * folder names. Always fills *out; unknown parts are "". */
void hg_origin_of(const char *path, const char *resolved, const char *root, struct hg_origin *out);

/* For a file of a Hugging Face snapshot: compare the blob's name (git SHA-1 of a blob, or SHA-256 for LFS
 * files) with its bytes. 1 match, 0 mismatch, -1 not such a file. */
int hg_origin_blob_matches(const char *resolved, const void *bytes, unsigned long size);

#endif
