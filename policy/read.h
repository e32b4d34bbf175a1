/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a small file of ours (policy, lock) that somebody else may have prepared. */
#ifndef HUBGUARD_POLICY_READ_H
#define HUBGUARD_POLICY_READ_H

#include <stddef.h>
#include <sys/stat.h>

#include "scanner/error.h"

/* Read all of `path`, a regular file of at most `max` bytes; never blocks on a FIFO or a device. On success
 * *out is the caller's to free (with a NUL behind the last byte), *size its length, and *st describes the
 * file that was read. -ENOENT, -EACCES, -EINVAL (no regular file, too big, grows while read), -EIO, -ENOMEM;
 * err names the file. */
int hg_read_small(const char *path, size_t max, char **out, size_t *size, struct stat *st,
                  struct hg_error *err);

#endif
