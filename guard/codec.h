/* SPDX-License-Identifier: Apache-2.0 */
/* Findings as bytes: what the scan worker answers and what the verdict cache keeps. One format, one strict
 * parser: a worker may have been taken over by the file it scanned, and a cache file may hold anything. */
#ifndef HUBGUARD_GUARD_CODEC_H
#define HUBGUARD_GUARD_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "scanner/finding.h"

#define HG_CODEC_MAX (512u * 1024u) /* no encoding is longer */

/* Encode into *out (malloc, owned by the caller). Over-long and unclean strings are cut and escaped, so that
 * what this writes always decodes. Returns 0 or -ENOMEM. */
int hg_codec_encode(const struct hg_findings *findings, uint8_t **out, size_t *out_size);
/* Decode into an empty list. Returns 0, -EBADMSG for anything that hg_codec_encode() does not write (the list
 * is then empty), -ENOMEM. */
int hg_codec_decode(const uint8_t *bytes, size_t size, struct hg_findings *out);

#endif
