/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HUBGUARD_SHIM_REPLY_H
#define HUBGUARD_SHIM_REPLY_H

#include <stddef.h>

#include "shim/wire.h"

/* Take a reply packet apart. `text` (HG_WIRE_TEXT_MAX bytes) gets its text and a NUL. Returns 0, or -EPROTO
 * with nothing written when it is not what a guard of this version sends. */
int hg_reply_parse(const void *packet, size_t size, struct hg_reply *out, char *text);

#endif
