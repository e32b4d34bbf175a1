/* SPDX-License-Identifier: Apache-2.0 */
/* One request packet of the shim, checked and taken apart. The sender may be hostile. */
#ifndef HUBGUARD_GUARD_REQUEST_H
#define HUBGUARD_GUARD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "shim/wire.h"

struct hg_question {
    struct hg_request head;
    char *path, *resolved, *root, *frame; /* NUL-terminated, "" when absent; all inside `storage` */
    char *storage;
};

/* Check one whole packet and copy it into *out. Returns 0, -EPROTO when magic or version differ, -EBADMSG for
 * anything else that the protocol does not allow, -ENOMEM. On failure *out is untouched. */
int hg_question_parse(const void *packet, size_t size, struct hg_question *out);
void hg_question_clear(struct hg_question *q);
/* Whether the cage answers this kind of request (an enum hg_req_kind), and not the gate. */
bool hg_question_for_cage(uint32_t kind);

#endif
